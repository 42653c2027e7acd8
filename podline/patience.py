"""For how long something under way is gone on with while the service is away."""

import time
from typing import Final

from podline.errors import PodlineError

_FAILURES: Final = 8
"""In a row. With the pauses and each one's own repetitions it is time to restart a service."""
_PAUSE: Final = 0.5
"""Seconds before each new attempt."""


class Patience:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._left = _FAILURES

    def restore(self) -> None:
        """Something went well."""
        self._left = _FAILURES

    def use(self, error: PodlineError) -> None:
        """Wait a little. Raises the error where no patience is left."""
        if self._left == 0:
            raise error
        self._left -= 1
        time.sleep(_PAUSE)
