"""Counts of requests in Redis, by the storages of the library limits."""

import logging
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
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


@dataclass(slots=True)
class _Ahead:
    """What this process has counted of a key in a window, but not given to a request yet.

    While one thread asks for a block, the others ask for a number each. So no block is lost, and
    no more than one is taken from other processes.
    """

    window: str
    blocks: list[tuple[int, int]] = field(default_factory=list)
    """A heap of first and last numbers."""
    is_asking: bool = False

    def take(self) -> int:
        """The lowest number, because the highest may be above the rate."""
        first, last = heappop(self.blocks)
        if first < last:
            heappush(self.blocks, (first + 1, last))
        return first


class RedisRequestCounts:
    """The library is imported with the first key that has a rate."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker()
        self._lock = Lock()
        self._ahead: dict[str, _Ahead] = {}
        """By key."""

    def count(self, key_id: str, window: str, seconds: int, ahead: int) -> int:
        with self._lock:
            own = self._of_window(key_id, window)
            if own.blocks:
                return own.take()
            amount = 1 if own.is_asking else ahead
            own.is_asking = True
        last = self._counted(f"{key_id}/{window}", seconds, amount)
        with self._lock:
            own.is_asking = own.is_asking and amount < ahead
            heappush(own.blocks, (last - amount + 1, last))
            return own.take()

    def _of_window(self, key_id: str, window: str) -> "_Ahead":
        known = self._ahead.get(key_id)
        if known is None or known.window != window:
            known = self._ahead[key_id] = _Ahead(window)
        return known

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
