"""Bays that are reserved for clients, so that nobody sends a pod that would have to wait."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

GRANTED: Final = {"granted": 1}
"""What a client is sent for each bay that it may hold from now on."""
DRAINING: Final = {"draining": True}
"""What a client is sent when it must give back what it holds for no pod."""

Send = Callable[[dict[str, int] | dict[str, bool]], None]


@dataclass(eq=False, slots=True)
class Holder:
    """A client, for as long as its connection lasts."""

    send: Send
    held: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    free: int
    """Not running a pod, whether reserved or not."""
    reserved: int
    draining: bool


class Reservations:
    """Grants as many bays as are not busy, each to the client that holds the fewest.

    A client gives a bay back once the pod that it was reserved for exists, or won't. In between,
    that bay counts twice, so never too few are busy.
    """

    def __init__(self, slots: int, busy: Callable[[], int]) -> None:
        """`busy` says how many pods wait or run."""
        self._slots = slots
        self._busy = busy
        self._lock = threading.Lock()
        self._holders: list[Holder] = []
        self._draining = False

    @contextmanager
    def holder(self, send: Send) -> Iterator[Holder]:
        """Reserve bays for a client. What it holds in the end is free again."""
        holder = Holder(send)
        with self._lock:
            self._holders.append(holder)
            if self._draining:
                send(DRAINING)
        try:
            self.grant()
            yield holder
        finally:
            with self._lock:
                self._holders.remove(holder)
            self.grant()

    def give_back(self, holder: Holder) -> None:
        with self._lock:
            holder.held = max(0, holder.held - 1)
        self.grant()

    def grant(self) -> None:
        """Grant the free bays. Called after each change."""
        with self._lock:
            while self._holders and not self._draining and self._free() > 0:
                holder = min(self._holders, key=lambda each: each.held)
                holder.held += 1
                self._tell(holder, GRANTED)

    def drain(self) -> None:
        """Grant nothing any more."""
        with self._lock:
            if not self._draining:
                self._draining = True
                for holder in self._holders:
                    self._tell(holder, DRAINING)

    def has_holders(self) -> bool:
        with self._lock:
            return bool(self._holders)

    def count(self) -> Count:
        with self._lock:
            free = 0 if self._draining else self._slots - self._busy()
            return Count(self._slots, max(free, 0), self._reserved(), self._draining)

    def _free(self) -> int:
        return self._slots - self._busy() - self._reserved()

    def _reserved(self) -> int:
        return sum(holder.held for holder in self._holders)

    @staticmethod
    def _tell(holder: Holder, what: dict[str, int] | dict[str, bool]) -> None:
        """A client that is gone is removed by the thread that serves it."""
        try:
            holder.send(what)
        except OSError as error:
            log.debug("a client did not take a bay: %s", error)
