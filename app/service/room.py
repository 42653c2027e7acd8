"""Waits until a quota has room for a submission, for a client that waits anyway."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

from app.domain.errors import QuotaExceeded
from app.domain.execution import Execution

PAUSE_SECONDS: Final = 0.5
"""A quota has room again when an execution ends, which takes about as long."""


def submitted_within(
    seconds: float,
    submit: Callable[[], Execution],
    wanted: Callable[[], bool],
    pause: Callable[[float], None] = sleep,
) -> Execution:
    """What `submit` returns, once it no longer raises QuotaExceeded.

    Raises QuotaExceeded after so many seconds, or once the execution is no longer `wanted`.
    """
    deadline = monotonic() + seconds
    while True:
        try:
            return submit()
        except QuotaExceeded:
            if not wanted() or monotonic() + PAUSE_SECONDS >= deadline:
                raise
        pause(PAUSE_SECONDS)
