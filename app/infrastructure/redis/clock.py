"""The clock that all sandbox hosts share: Redis's."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

import redis

from app.domain.execution import SECOND, Time
from app.infrastructure.dependencies import REDIS

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 10.0
"""Between two comparisons. In between, the monotonic clock counts."""


class SharedClock:
    """Redis's clock. This machine's own may be wrong, by hours even, and may be set at any time."""

    def __init__(
        self,
        client: redis.Redis,
        own: Callable[[], Time],
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._own = own
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._compared: tuple[Time, float] | None = None
        self._compare_at = 0.0

    def __call__(self) -> Time:
        """The time. While Redis is unavailable, as it was last known, or else this machine's."""
        if self._elapsed() >= self._compare_at:
            self._compare()
        compared = self._compared
        if compared is None:
            return self._own()
        then, at = compared
        return then + int((self._elapsed() - at) * SECOND)

    def ahead(self) -> int:
        """How far this clock is ahead of the machine's own, in whole seconds' worth."""
        return round((self() - self._own()) / SECOND) * SECOND

    def _compare(self) -> None:
        """One thread asks, and the others don't wait for it."""
        if not self._lock.acquire(blocking=self._compared is None):
            return
        try:
            if self._elapsed() < self._compare_at:
                return
            asked = self._elapsed()
            self._compare_at = asked + FRESH_SECONDS
            then = server_time(self._client)
            self._compared = then, (asked + self._elapsed()) / 2
        except redis.RedisError as error:
            REDIS.down(error)
            self._compare_at = self._elapsed() + 1
            log.warning("the clock of this host is not compared with Redis's: %s", error)
        finally:
            self._lock.release()


def server_time(client: redis.Redis) -> Time:
    """Redis's clock."""
    seconds, microseconds = client.time()
    return seconds * SECOND + microseconds
