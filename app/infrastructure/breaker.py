"""Circuit breaker: fails fast while a server is known to be down."""

from threading import Lock
from time import monotonic
from typing import Final

PAUSE_SECONDS: Final = 1.0


class Breaker:
    """After a failure, allows one call per pause until a call succeeds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._broken = False
        self._next_call = 0.0

    def allows_call(self) -> bool:
        with self._lock:
            if not self._broken:
                return True
            if monotonic() < self._next_call:
                return False
            self._next_call = monotonic() + PAUSE_SECONDS
            return True

    def failed(self) -> bool:
        """Record a failure. Returns True if it is the first since a success."""
        with self._lock:
            was_well, self._broken = not self._broken, True
            self._next_call = monotonic() + PAUSE_SECONDS
            return was_well

    def succeeded(self) -> None:
        self._broken = False
