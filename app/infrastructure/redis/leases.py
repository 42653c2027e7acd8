"""Leases in Redis."""

from secrets import token_hex

import redis

from app.infrastructure.redis.connection import raises_unavailable

RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisLeases:
    """A key with a random value and an expiry: who knows the value has the lease.

    https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/ (single instance)
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._renew = client.register_script(RENEW)
        self._release = client.register_script(RELEASE)

    @raises_unavailable
    def acquire(self, name: str, ttl_seconds: float) -> "RedisLease | None":
        lease = RedisLease(self, f"podline:lease:{name}", token_hex(16), int(ttl_seconds * 1000))
        taken = self._client.set(lease.key, lease.token, nx=True, px=lease.ttl_milliseconds)
        return lease if taken else None

    @raises_unavailable
    def renew(self, lease: "RedisLease") -> bool:
        return bool(self._renew(keys=[lease.key], args=[lease.token, lease.ttl_milliseconds]))

    @raises_unavailable
    def release(self, lease: "RedisLease") -> None:
        self._release(keys=[lease.key], args=[lease.token])


class RedisLease:
    """Ours as long as the key has our token."""

    def __init__(self, leases: RedisLeases, key: str, token: str, ttl_milliseconds: int) -> None:
        self._leases = leases
        self.key = key
        self.token = token
        self.ttl_milliseconds = ttl_milliseconds

    def renew(self) -> bool:
        return self._leases.renew(self)

    def release(self) -> None:
        self._leases.release(self)
