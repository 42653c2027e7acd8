"""The Bays port on this machine's sandbox daemon."""

import logging
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.sandbox.connections import Connections, unavailable
from app.ports.bays import BayCount
from sandbox.wire import framing
from sandbox.wire.framing import ProtocolError

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 5.0
"""After a failure to create a pod."""


@dataclass(eq=False, slots=True)
class _Held:
    """What the daemon has granted on one connection and was not given back."""

    connection: socket.socket
    free: int = 0


class SandboxBays:
    """Holds all bays that the daemon grants. Safe for many threads."""

    def __init__(self, socket_path: Path) -> None:
        self._connections = Connections(socket_path)
        self._changed = threading.Condition()
        self._held: _Held | None = None
        self._assigned: deque[_Held] = deque()
        """For each pod that is about to be created, where its bay was granted."""
        self._resume_at = 0.0
        self._stopping = threading.Event()
        """Of the newest thread. Each has its own, so that no later `open` revives an older one."""
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._stopping,), name="bays", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        with self._changed:
            if self._held:
                with suppress(OSError):
                    self._held.connection.shutdown(socket.SHUT_RDWR)
        if self._thread:
            self._thread.join(5)

    def wait(self, seconds: float) -> bool:
        with self._changed:
            paused = self._resume_at - monotonic()
            if paused > 0:
                self._changed.wait(min(paused, seconds))
            return self._changed.wait_for(self._may_take, seconds)

    def take(self) -> bool:
        with self._changed:
            return self._may_take() and self._assign(leaving=0)

    def join(self) -> bool:
        with self._changed:
            return self._may_take() and self._assign(leaving=1)

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._changed:
            held = self._assigned.popleft() if self._assigned else None
        try:
            yield
        finally:
            if held is not None:
                self._give_back(held)

    def pause(self) -> None:
        with self._changed:
            self._resume_at = monotonic() + PAUSE_SECONDS

    def drain(self) -> bool:
        match self._connections.ask({"op": "drain"}):
            case {"ok": {"reserved": int(reserved), "pods": int(pods)}}, _:
                return reserved == pods == 0
        raise RuntimeUnavailable("the sandbox daemon is of a release that can't be drained")

    def count(self) -> BayCount:
        answer, _ = self._connections.ask({"op": "bays"})
        match answer.get("ok"):
            case {
                "total": int(total),
                "free": int(free),
                "pods": int(pods),
                "draining": bool(draining),
            }:
                return BayCount(total, free, pods, draining)
        raise RuntimeUnavailable("the sandbox daemon is of a release that does not count its bays")

    def _may_take(self) -> bool:
        return self._held is not None and self._held.free > 0 and monotonic() >= self._resume_at

    def _assign(self, leaving: int) -> bool:
        if self._held is None or self._held.free <= leaving:
            return False
        self._held.free -= 1
        self._assigned.append(self._held)
        return True

    def _give_back(self, held: _Held) -> None:
        """The daemon frees what a closed connection held."""
        with self._changed, suppress(OSError):
            framing.send(held.connection, {"op": "give_back"})

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._hold(stopping)
            except (RuntimeUnavailable, OSError, ProtocolError) as error:
                if not stopping.is_set():
                    log.warning("no bays are held: %s", error)
            stopping.wait(RETRY_SECONDS)

    def _hold(self, stopping: threading.Event) -> None:
        """Take what is granted, until the daemon is gone or this is closed."""
        connection = self._connections.open().socket
        with connection:
            connection.settimeout(None)
            held = _Held(connection)
            with self._changed:
                if stopping.is_set():  # Closed while the daemon was slow to answer.
                    return
                self._held = held
            try:
                framing.send(connection, {"op": "reserve"})
                while message := framing.receive(connection):
                    self._note(held, message[0])
            finally:
                with self._changed:
                    if self._held is held:
                        self._held = None
        if not stopping.is_set():
            raise unavailable(ConnectionResetError("it closed the connection"))

    def _note(self, held: _Held, message: framing.Header) -> None:
        match message:
            case {"ok": {"granted": int(granted)}}:
                with self._changed:
                    held.free += granted
                    self._changed.notify_all()
            case {"ok": {"draining": True}}:
                with self._changed:
                    unused, held.free = held.free, 0
                for _ in range(unused):
                    self._give_back(held)
            case _:
                raise RuntimeUnavailable(str(message.get("message", message)))
