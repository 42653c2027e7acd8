"""Connections to the sandbox daemon."""

import socket
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.dependencies import SANDBOX
from sandbox.wire import framing, version_1
from sandbox.wire.framing import Error, ProtocolError
from sandbox.wire.versions import OURS, WITHOUT_HELLO, Incompatible, Versions, agreed

_SECONDS_TO_CONNECT: Final = 2.0
_SECONDS_TO_ANSWER: Final = 5.0

Answer: TypeAlias = tuple[Mapping[str, Any], bytes]


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection after the exchange of versions."""

    socket: socket.socket
    version: int
    """The version of the wire protocol that both sides agreed on."""

    def exchange(self, request: Mapping[str, Any], body: Sequence[bytes] = ()) -> Answer:
        """Send a request and return the response.

        Raises OSError, ProtocolError, and PodRefused if an older daemon can't run the pod.
        """
        if self.version != 1:
            return _exchange(self.socket, request, body)
        answer, content = _exchange(self.socket, version_1.request(request), body)
        return version_1.answer(request["op"], answer), content


class Connections:
    """A thread-safe pool of connections. Each request uses one alone."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._idle: deque[Connection] = deque()
        self._lock = threading.Lock()

    def ask(self, request: Mapping[str, Any], body: Sequence[bytes] = ()) -> Answer:
        """Send a request and return the response. Raises RuntimeUnavailable and PodRefused.

        All requests are safe to repeat, so one on a broken idle connection is sent again.
        """
        connection = self._kept()
        if connection:
            try:
                return self._ask_on(connection, request, body)
            except ConnectionError:
                pass  # the daemon has restarted
        try:
            return self._ask_on(self.open(), request, body)
        except ConnectionError as error:
            raise unavailable(error) from error

    def open(self) -> Connection:
        """Open a new connection, which the caller owns. Raises RuntimeUnavailable."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_SECONDS_TO_CONNECT)
        try:
            connection.connect(str(self._path))
            connection.settimeout(_SECONDS_TO_ANSWER)
            return Connection(connection, _greet(connection))
        except (OSError, ProtocolError) as error:
            connection.close()
            raise unavailable(error) from error
        except BaseException:  # raised again
            connection.close()
            raise

    def _ask_on(
        self, connection: Connection, request: Mapping[str, Any], body: Sequence[bytes]
    ) -> Answer:
        """Use this connection. Raises ConnectionError if it is broken, and RuntimeUnavailable."""
        try:
            answer = connection.exchange(request, body)
        except ConnectionError:
            connection.socket.close()
            raise
        except (OSError, ProtocolError) as error:
            connection.socket.close()
            raise unavailable(error) from error
        except BaseException:  # raised again
            connection.socket.close()
            raise
        with self._lock:
            self._idle.append(connection)
        SANDBOX.up()
        return answer

    def _kept(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None


def _exchange(
    connection: socket.socket, request: Mapping[str, Any], body: Sequence[bytes] = ()
) -> Answer:
    """Send a request and return the response. Raises OSError and ProtocolError."""
    framing.send(connection, request, *body)
    answer = framing.receive(connection)
    if answer is None:
        raise ConnectionResetError("the sandbox daemon closed the connection")
    return answer


def unavailable(error: Exception) -> RuntimeUnavailable:
    return SANDBOX.down(RuntimeUnavailable(f"the sandbox daemon does not answer: {error}"))


def _greet(connection: socket.socket) -> int:
    """Return the version to use. Raises RuntimeUnavailable if there is no common one."""
    hello = {"op": "hello", "version": OURS.newest, "oldest": OURS.oldest}
    answer, _ = _exchange(connection, hello)
    try:
        return agreed(daemon=_versions_of(answer), service=OURS)
    except Incompatible as error:
        raise RuntimeUnavailable(str(error)) from error


def _versions_of(answer: Mapping[str, Any]) -> Versions:
    """Return the daemon's versions. Raises ProtocolError, or RuntimeUnavailable on its error."""
    match answer:
        case {"ok": {"version": int(newest), "oldest": int(oldest)}}:
            return Versions(newest=newest, oldest=oldest)
        case {"error": Error.BAD_REQUEST}:
            return WITHOUT_HELLO
        case {"error": _, "message": str(message)}:
            raise RuntimeUnavailable(message)
    raise ProtocolError("the answer to hello is none")
