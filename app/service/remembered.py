"""The answer to an expensive question, remembered for those who ask again at once."""

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

from app.domain.execution import SECOND, Time

Answer = TypeVar("Answer")

FRESH: Final = 1 * SECOND


class Remembered(Generic[Answer]):
    """Asks once a second at the most, however many threads want to know. One for each process.

    What anybody may ask without a key must not let anybody keep the stores busy.
    """

    def __init__(self, ask: Callable[[], Answer], clock: Callable[[], Time]) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._last: tuple[Time, Answer] | None = None

    def get(self) -> Answer:
        """Waits for whoever is asking already. An error is passed on, and not remembered."""
        with self._lock:
            # Not below 0: a clock that was set back must not keep an answer for long.
            if self._last is None or not 0 <= self._clock() - self._last[0] < FRESH:
                answer = self._ask()
                self._last = self._clock(), answer
            return self._last[1]
