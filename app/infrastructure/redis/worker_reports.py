"""Heartbeats of workers and beat in Redis: one hash, a field for each process."""

from typing import Final, cast

import redis

from app.domain.execution import Time
from app.domain.worker import WorkerReport
from app.infrastructure import codec
from app.infrastructure.redis.connection import raises_unavailable

REPORTS: Final = "podline:workers"


class RedisWorkerReports:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def put(self, report: WorkerReport) -> None:
        self._client.hset(REPORTS, report.name, codec.WORKER_REPORT.dump_json(report).decode())

    @raises_unavailable
    def remove(self, name: str) -> None:
        self._client.hdel(REPORTS, name)

    @raises_unavailable
    def since(self, time: Time) -> list[WorkerReport]:
        found = cast(dict[str, str], self._client.hgetall(REPORTS))
        reports = {name: codec.WORKER_REPORT.validate_json(text) for name, text in found.items()}
        old = [name for name, report in reports.items() if report.seen_at < time]
        if old:
            self._client.hdel(REPORTS, *old)
        return [reports[name] for name in sorted(reports.keys() - set(old))]
