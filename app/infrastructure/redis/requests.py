"""Counts of requests in Redis, by the storages of the library limits."""

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Final

import redis

from app.breaker import Breaker
from app.domain.errors import CoordinationUnavailable
from app.infrastructure.redis.connection import raises_unavailable

if TYPE_CHECKING:
    from limits.storage import MemoryStorage, RedisStorage

log = logging.getLogger(__name__)

PREFIX: Final = "podline:requests"


class RedisRequestCounts:
    """The library is imported with the first key that has a limit."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker()

    def count(self, key_id: str, window: str, seconds: int) -> int:
        name = f"{key_id}/{window}"
        if self._breaker.allows_call():
            try:
                counted = self._count_together(name, seconds)
            except CoordinationUnavailable as error:
                if self._breaker.failed():
                    log.warning("this process counts requests for itself: %s", error)
            else:
                self._breaker.succeeded()
                return counted
        return self._own.incr(name, seconds)

    @raises_unavailable
    def _count_together(self, name: str, seconds: int) -> int:
        return self._shared.incr(name, seconds)

    @cached_property
    def _shared(self) -> "RedisStorage":
        from limits.storage import RedisStorage

        pool = self._client.connection_pool
        return RedisStorage("redis://", connection_pool=pool, key_prefix=PREFIX)

    @cached_property
    def _own(self) -> "MemoryStorage":
        from limits.storage import MemoryStorage

        return MemoryStorage()
