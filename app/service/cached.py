"""Caches the answer to an expensive question, by default for a second."""

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

from app.domain.execution import SECOND, Time
from app.ports import Clock

Answer = TypeVar("Answer")

FRESH: Final = 1 * SECOND


def is_fresh(asked_at: Time, now: Time, age: Time) -> bool:
    """Whether an answer is younger than `age`. Not after the clock was set back behind it."""
    return 0 <= now - asked_at < age


class Cached(Generic[Answer]):
    """Asks at most once in `fresh` microseconds, for any number of threads. One for each process.

    It protects the stores from requests that need no key.
    """

    def __init__(self, ask: Callable[[], Answer], clock: Clock, fresh: Time = FRESH) -> None:
        self._ask = ask
        self._clock = clock
        self._fresh = fresh
        self._lock = Lock()
        self._last: tuple[Time, Answer] | None = None

    def get(self) -> Answer:
        """The answer; waits for a thread that is already asking. Errors are raised, not cached."""
        with self._lock:
            if self._last is None or not is_fresh(self._last[0], self._clock(), self._fresh):
                answer = self._ask()
                self._last = self._clock(), answer
            return self._last[1]
