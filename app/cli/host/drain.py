"""Lets a sandbox host end without losing what it runs."""

import time
from collections.abc import Callable
from contextlib import suppress

from app.domain.errors import RuntimeUnavailable
from app.settings import Settings
from app.wiring.runtimes import make_bays

PAUSE_SECONDS = 0.5
"""Between two questions whether anything is left."""


class Drain:
    """Lets the daemon take nothing more, until nothing is left of what it took."""

    def __init__(self, settings: Settings, elapsed: Callable[[], float] = time.monotonic) -> None:
        policy = settings.policy()
        self._elapsed = elapsed
        self._bays = make_bays(settings)
        self._longest = policy.max_wall_seconds + policy.start_timeout
        self._deadline: float | None = None

    def __call__(self) -> bool:
        """Whether all pods have ended and were deleted, or never will be."""
        now = self._elapsed()
        self._deadline = self._deadline or now + self._longest
        with suppress(RuntimeUnavailable):
            return self._bays.drain() or now > self._deadline
        return now > self._deadline


def wait_until_drained(
    drained: Callable[[], bool], pause: Callable[[float], object] = time.sleep
) -> None:
    """Ask until it has. A daemon that is restarted meanwhile begins to drain, too."""
    while not drained():
        pause(PAUSE_SECONDS)
