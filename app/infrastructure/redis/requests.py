"""Counts of requests in Redis, by the storages of the library limits."""

import logging
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

import redis

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.breaker import Breaker
from app.infrastructure.redis.connection import raises_unavailable

if TYPE_CHECKING:
    from limits.storage import MemoryStorage, RedisStorage

log = logging.getLogger(__name__)

PREFIX: Final = "podline:requests"


class RedisRequestCounts:
    """The library is imported with the first key that has a rate."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker()
        self._lock = Lock()
        self._ahead: dict[str, tuple[str, int, int]] = {}
        """By key: the window, and the first and the last number that are counted already."""

    def count(self, key_id: str, window: str, seconds: int, ahead: int) -> int:
        with self._lock:
            known, first, last = self._ahead.get(key_id, ("", 1, 0))
            if known == window and first <= last:
                self._ahead[key_id] = window, first + 1, last
                return first
        last = self._counted(f"{key_id}/{window}", seconds, ahead)
        first = last - ahead + 1
        with self._lock:
            self._ahead[key_id] = window, first + 1, last
        return first

    def _counted(self, name: str, seconds: int, amount: int) -> int:
        if self._breaker.allows_call():
            try:
                counted = self._count_together(name, seconds, amount)
            except CoordinationUnavailable as error:
                if self._breaker.failed():
                    log.warning("this process counts requests for itself: %s", error)
            else:
                self._breaker.succeeded()
                return counted
        return self._own.incr(name, seconds, amount)

    @raises_unavailable
    def _count_together(self, name: str, seconds: int, amount: int) -> int:
        return self._shared.incr(name, seconds, amount)

    @cached_property
    def _shared(self) -> "RedisStorage":
        from limits.storage import RedisStorage

        pool = self._client.connection_pool
        return RedisStorage("redis://", connection_pool=pool, key_prefix=PREFIX)

    @cached_property
    def _own(self) -> "MemoryStorage":
        from limits.storage import MemoryStorage

        return MemoryStorage()
