"""Leases in Redis: redis-py's locks, taken without waiting and with an expiry time."""

from contextlib import suppress

import redis
from redis.exceptions import LockError
from redis.lock import Lock

from app.infrastructure.redis.connection import raises_unavailable


class RedisLeases:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def acquire(self, name: str, ttl_seconds: float) -> "RedisLease | None":
        lock = Lock(
            self._client,
            f"podline:lease:{name}",
            timeout=ttl_seconds,
            blocking=False,
            # The watcher takes its lease in one thread and renews it in another.
            thread_local=False,
        )
        return RedisLease(lock) if lock.acquire() else None


class RedisLease:
    """A lease, which is held while the key has the lock's token."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    @raises_unavailable
    def renew(self) -> bool:
        try:
            return self._lock.reacquire()
        except LockError:
            return False

    @raises_unavailable
    def release(self) -> None:
        with suppress(LockError):
            self._lock.release()
