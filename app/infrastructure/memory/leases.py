"""Leases within one process."""

from collections.abc import Callable
from threading import Lock
from time import monotonic


class MemoryLeases:
    """Named locks that expire by a monotonic clock, which tests may replace."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, MemoryLease] = {}

    def acquire(self, name: str, ttl_seconds: float) -> "MemoryLease | None":
        lease = MemoryLease(self, name, ttl_seconds)
        with self._lock:
            holder = self._held.get(name)
            if holder is not None and holder.expires_at > self._clock():
                return None
            lease.expires_at = self._clock() + ttl_seconds
            self._held[name] = lease
            return lease

    def renew(self, lease: "MemoryLease") -> bool:
        with self._lock:
            if self._held.get(lease.name) is not lease or lease.expires_at <= self._clock():
                return False
            lease.expires_at = self._clock() + lease.ttl_seconds
            return True

    def release(self, lease: "MemoryLease") -> None:
        with self._lock:
            if self._held.get(lease.name) is lease:
                del self._held[lease.name]


class MemoryLease:
    """A lease, which is valid while its `MemoryLeases` holds it under its name."""

    def __init__(self, leases: MemoryLeases, name: str, ttl_seconds: float) -> None:
        self._leases = leases
        self.name = name
        self.ttl_seconds = ttl_seconds
        self.expires_at = 0.0

    def renew(self) -> bool:
        return self._leases.renew(self)

    def release(self) -> None:
        self._leases.release(self)
