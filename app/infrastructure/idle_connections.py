"""Connections that stay open for a moment, for the next request to the same place."""

import select
import socket
from threading import Lock, Timer
from time import monotonic
from typing import Final, NamedTuple

IDLE_SECONDS: Final = 1.0
"""Servers that keep connections do so for 2 s or longer. One that serves a single connection at a
time can't serve others meanwhile.
"""
MOST: Final = 8


class Place(NamedTuple):
    """What a connection leads to."""

    scheme: str
    host: str
    port: int
    address: str


class _Idle(NamedTuple):
    place: Place
    connected: socket.socket
    until: float


class IdleConnections:
    """Thread-safe. A timer ends those that nobody takes."""

    def __init__(self, seconds: float = IDLE_SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._idle: list[_Idle] = []
        """The oldest first."""
        self._timer: Timer | None = None

    def take(self, place: Place) -> socket.socket | None:
        """Return the newest connection to the place that the other side has not closed."""
        while found := self._pop(place):
            if not _is_readable(found):
                return found
            found.close()
        return None

    def keep(self, place: Place, connected: socket.socket) -> None:
        """Keep a connection whose last response was read to its end."""
        with self._lock:
            self._idle.append(_Idle(place, connected, monotonic() + self._seconds))
            ended = self._idle[:-MOST]
            del self._idle[:-MOST]
            if self._timer is None:
                self._start_timer()
        _close(ended)

    def _pop(self, place: Place) -> socket.socket | None:
        with self._lock:
            for number in reversed(range(len(self._idle))):
                if self._idle[number].place == place:
                    return self._idle.pop(number).connected
        return None

    def _start_timer(self) -> None:
        self._timer = Timer(self._seconds, self._end_old)
        self._timer.daemon = True
        self._timer.start()

    def _end_old(self) -> None:
        now = monotonic()
        with self._lock:
            ended = [each for each in self._idle if each.until <= now]
            del self._idle[: len(ended)]
            self._timer = None
            if self._idle:
                self._start_timer()
        _close(ended)


def _is_readable(connected: socket.socket) -> bool:
    """Nothing was asked, so what can be read is the end, or no response to what is asked next."""
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _close(ended: list[_Idle]) -> None:
    for each in ended:
        each.connected.close()
