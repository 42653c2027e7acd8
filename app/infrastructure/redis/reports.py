"""What processes and places report in Redis: a hash for each kind, a field for each of them."""

from typing import ClassVar, Generic, TypeVar, cast

import redis
from pydantic import TypeAdapter

from app.domain.execution import Time
from app.domain.place import PlaceReport
from app.domain.sighting import Finding, TickReport
from app.domain.worker import WorkerReport
from app.infrastructure import codec
from app.infrastructure.readable import REPORTS_OF, readable
from app.infrastructure.redis.connection import raises_unavailable

R = TypeVar("R", WorkerReport, PlaceReport, TickReport, Finding)


class _RedisReports(Generic[R]):
    _key: ClassVar[str]
    _codec: TypeAdapter[R]

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def put(self, report: R) -> None:
        self._client.hset(self._key, report.name, self._codec.dump_json(report).decode())

    @raises_unavailable
    def add(self, report: R) -> None:
        self._client.hsetnx(self._key, report.name, self._codec.dump_json(report).decode())

    @raises_unavailable
    def remove(self, name: str) -> None:
        self._client.hdel(self._key, name)

    @raises_unavailable
    def since(self, time: Time) -> list[R]:
        found = cast(dict[str, str], self._client.hgetall(self._key))
        reports = dict(readable(self._codec.validate_json, found.items(), REPORTS_OF))
        old = [name for name, report in reports.items() if report.seen_at < time]
        if old:
            self._client.hdel(self._key, *old)
        return [reports[name] for name in sorted(reports.keys() - set(old))]


class RedisWorkerReports(_RedisReports[WorkerReport]):
    """Heartbeats of workers, watchers and beat."""

    _key = "podline:workers"
    _codec = codec.WORKER_REPORT


class RedisPlaceReports(_RedisReports[PlaceReport]):
    """How much places can hold."""

    _key = "podline:places"
    _codec = codec.PLACE_REPORT


class RedisTickReports(_RedisReports[TickReport]):
    """When each tick last ended, or since when it should."""

    _key = "podline:ticks"
    _codec = codec.TICK_REPORT


class RedisFindings(_RedisReports[Finding]):
    """What sweeps found that they should not find."""

    _key = "podline:findings"
    _codec = codec.FINDING
