"""Heartbeats of sandbox hosts in Redis, whose clock says how old each is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Final, cast

import redis

from app.domain.execution import SECOND, Time
from app.domain.hosts import HostReport, HostSize
from app.infrastructure import codec
from app.infrastructure.redis.clock import server_time
from app.infrastructure.redis.connection import raises_unavailable
from app.infrastructure.redis.readable import readable
from app.ports.hosts import HOST_SECONDS

REPORTS: Final = "podline:hosts:reports"
SIZES: Final = "podline:hosts:sizes"
"""Hashes: name -> report, name -> size. The second is read for each execution."""
SEEN: Final = "podline:hosts:seen"
"""A sorted set: name -> the time of the newest heartbeat, or since when one is expected."""


class RedisHosts:
    def __init__(
        self,
        client: redis.Redis,
        fresh_seconds: float = 0,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        """Sizes are asked for again after that time, or after a report: each execution needs them
        twice.
        """
        self._client = client
        self._fresh_seconds = fresh_seconds
        self._elapsed = elapsed
        self._sizes: tuple[float, Mapping[str, HostSize]] | None = None

    @raises_unavailable
    def put(self, report: HostReport) -> None:
        now = server_time(self._client)
        self._sizes = None
        with self._client.pipeline() as all:
            all.hset(REPORTS, report.name, codec.HOST_REPORT.dump_json(report).decode())
            all.hset(SIZES, report.name, _size(report))
            all.zadd(SEEN, {report.name: now})
            all.execute()

    @raises_unavailable
    def remove(self, name: str) -> None:
        self._sizes = None
        with self._client.pipeline() as all:
            all.hdel(REPORTS, name)
            all.hdel(SIZES, name)
            all.zrem(SEEN, name)
            all.execute()

    @raises_unavailable
    def alive(self) -> list[HostReport]:
        reports = readable(codec.HOST_REPORT, self._of_living(REPORTS))
        return [reports[name] for name in sorted(reports)]

    @raises_unavailable
    def sizes(self) -> Mapping[str, HostSize]:
        now = self._elapsed()
        if self._sizes is None or now - self._sizes[0] >= self._fresh_seconds:
            self._sizes = now, readable(codec.HOST_SIZE, self._of_living(SIZES))
        return self._sizes[1]

    def _found(self, key: str, names: Sequence[str]) -> Mapping[str, str]:
        values = cast(list[str | None], self._client.hmget(key, names)) if names else []
        return {name: text for name, text in zip(names, values, strict=True) if text is not None}

    def _of_living(self, key: str) -> Mapping[str, str]:
        with self._client.pipeline() as both:
            both.zrangebyscore(SEEN, self._lost_before(), "+inf")
            both.hgetall(key)
            names, found = both.execute()
        return {name: found[name] for name in names if name in found}

    @raises_unavailable
    def lost(self) -> Mapping[str, str | None]:
        lost = self._client.zrangebyscore(SEEN, "-inf", f"({self._lost_before()}")
        names = sorted(cast(list[str], lost))
        sizes = readable(codec.HOST_SIZE, self._found(SIZES, names))
        return {name: sizes[name].group if name in sizes else None for name in names}

    @raises_unavailable
    def expect(self, names: Iterable[str]) -> None:
        expected = list(names)
        if expected:
            now = server_time(self._client)
            self._client.zadd(SEEN, dict.fromkeys(expected, now), nx=True)

    def _lost_before(self) -> Time:
        return server_time(self._client) - int(HOST_SECONDS * SECOND)


def _size(report: HostReport) -> str:
    return codec.HOST_SIZE.dump_json(HostSize.of(report)).decode()
