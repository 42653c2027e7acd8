"""When a call has to end."""

import time
from typing import Final, Self

from podline.arguments import duration, positive_timeout


class Deadline:
    """A moment, or never."""

    def __init__(self, seconds: float | None) -> None:
        self._at: Final = None if seconds is None else time.monotonic() + duration(seconds)

    @classmethod
    def of_call(cls, timeout: float | None) -> Self:
        """Check the `timeout` of a call, which must be above zero."""
        return cls(None if timeout is None else positive_timeout(timeout))

    def remaining(self, otherwise: float) -> float:
        """Return the seconds that remain; `otherwise` if the deadline is never."""
        return otherwise if self._at is None else max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the moment has come."""
        return self._at is not None and time.monotonic() >= self._at


NEVER: Final = Deadline(None)
