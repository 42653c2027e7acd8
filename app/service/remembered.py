"""Caches the answer to an expensive question for a second."""

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

from app.domain.execution import SECOND, Time

Answer = TypeVar("Answer")

FRESH: Final = 1 * SECOND


class Remembered(Generic[Answer]):
    """Asks at most once a second, for any number of threads. One for each process.

    It protects the stores from requests that need no key.
    """

    def __init__(self, ask: Callable[[], Answer], clock: Callable[[], Time]) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._last: tuple[Time, Answer] | None = None

    def get(self) -> Answer:
        """The answer; waits for a thread that is already asking. Errors are raised, not cached."""
        with self._lock:
            # Not below 0: after a clock was set back, an answer must not stay for long.
            if self._last is None or not 0 <= self._clock() - self._last[0] < FRESH:
                answer = self._ask()
                self._last = self._clock(), answer
            return self._last[1]
