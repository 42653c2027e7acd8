"""Bounds waiting responses, fairly between owners."""

from collections import Counter
from threading import Lock


class WaitingPlaces:
    """One place for each open stream and `?wait` of an API process.

    Each place holds a thread of the server, so some threads are always left for other requests. An
    owner gets a place while more are free than the owner holds: a single owner can have half of
    them, two owners a third each. So a new owner always finds a place.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._held: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, owner: str) -> bool:
        """Whether the owner got a place, to be released with `leave`."""
        with self._lock:
            if self._free <= self._held[owner]:
                return False
            self._free -= 1
            self._held[owner] += 1
            return True

    def leave(self, owner: str) -> None:
        with self._lock:
            self._free += 1
            self._held[owner] -= 1
            if not self._held[owner]:
                del self._held[owner]
