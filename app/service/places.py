"""Places for responses that wait, shared between owners."""

from collections import Counter
from threading import Lock


class WaitingPlaces:
    """A place for each open stream and `?wait` of one API process.

    Each holds a thread of the server, so some threads are always left for other requests. An owner
    gets a place while more are free than the owner holds: half of all for one alone, a third each
    for two. So whoever comes new finds a place, however many somebody else has taken.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._held: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, owner: str) -> bool:
        """Whether the owner got one, to be given back with `leave`."""
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
