"""Has a request wait for room in a quota, and for the store, if its client waits anyway."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, TypeVar

from app.domain.errors import QuotaExceeded, StoreUnavailable

T = TypeVar("T")

PAUSE_SECONDS: Final = 0.5
"""A quota has room again when an execution ends, which takes about as long."""
STORE_SECONDS: Final = 30.0
"""For the store: a busy disk holds it up for seconds. An outage can last for hours."""


def held(
    act: Callable[[], T],
    seconds: float,
    wanted: Callable[[], bool],
    pause: Callable[[float], None] = sleep,
) -> T:
    """What `act` returns, once it no longer raises QuotaExceeded or StoreUnavailable.

    Raises either after so many seconds, StoreUnavailable after `STORE_SECONDS` at the latest, and
    once the result is no longer `wanted`. `act` may be called again after it had an effect.
    """
    began = monotonic()
    while True:
        try:
            return act()
        except QuotaExceeded:
            if not wanted() or _passed(began, seconds):
                raise
        except StoreUnavailable:
            if not wanted() or _passed(began, min(seconds, STORE_SECONDS)):
                raise
        pause(PAUSE_SECONDS)


def _passed(began: float, seconds: float) -> bool:
    """Whether the next try would be too late."""
    return monotonic() - began + PAUSE_SECONDS >= seconds
