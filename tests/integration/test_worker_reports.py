"""What real workers and a real beat report about themselves."""

import os
import time
from types import SimpleNamespace

import pytest
from celery.worker import state

from app.domain.sighting import TickReport
from app.domain.worker import RunningStep
from app.infrastructure.celery.reports import Reporter, running_steps
from app.infrastructure.memory.reports import MemoryTickReports, MemoryWorkerReports
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.reports import RedisTickReports, RedisWorkerReports
from tests.integration.conftest import Service
from tests.support.builders import NOW, an_id
from tests.support.waiting import wait_until


def test_a_worker_and_beat_are_listed_until_they_end(service: Service) -> None:
    reports = RedisWorkerReports(service.redis)

    def kinds() -> list[tuple[str, tuple[str, ...]]]:
        return sorted((report.kind, report.roles) for report in reports.since(0))

    def ticks() -> dict[str, TickReport]:
        return {tick.name: tick for tick in RedisTickReports(service.redis).since(0)}

    with service.worker("results,pods") as process:
        (worker,) = reports.since(0)
        assert (worker.kind, worker.roles, worker.steps) == ("worker", ("pods", "results"), ())
        assert worker.name.endswith(f":{process.pid}")
        assert abs(worker.seen_at / 1_000_000 - time.time()) < 60
        with service.beat():
            wait_until(lambda: kinds() == [("beat", ()), ("worker", ("pods", "results"))])
            wait_until(lambda: "saga.sweep" in ticks())
        assert (ticks()["saga.sweep"].every_seconds, ticks()["saga.sweep"].ended) == (5.0, False)
        assert kinds() == [("worker", ("pods", "results"))]
    assert kinds() == []


def test_without_redis_only_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    redis = connect("redis://127.0.0.1:1/0")
    reporter = Reporter(RedisWorkerReports(redis), RedisTickReports(redis), lambda: NOW)
    reporter.report("beat", ())
    reporter.leave()
    first, second = [each.message for each in caplog.records if each.name == Reporter.__module__]
    assert first.startswith("no heartbeat was sent: ")
    assert second.startswith("the end of this process was not reported: ")


def test_heartbeats_are_not_sent_at_every_tick() -> None:
    reports = MemoryWorkerReports()
    ticks = MemoryTickReports()
    reporter = Reporter(reports, ticks, iter(range(NOW, NOW + 10)).__next__)
    for _ in range(3):
        reporter.report("beat", (), sent_every={"podline.saga.sweep": 5.0})
    (report,), (tick,) = reports.since(0), ticks.since(0)
    assert tick == TickReport(name="saga.sweep", seen_at=NOW + 1, every_seconds=5.0, ended=False)
    assert (report.seen_at, report.name.rpartition(":")[2]) == (NOW, str(os.getpid()))


def test_steps_are_named_with_what_they_are_about(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = an_id()
    requests = [
        SimpleNamespace(name="podline.pods.create", args=[subject], time_start=NOW / 1_000_000),
        SimpleNamespace(name="podline.saga.sweep", args=[], time_start=1.0),
        SimpleNamespace(name="podline.saga.step", args=[subject], time_start=None),
    ]
    monkeypatch.setattr(state, "active_requests", requests)
    tick, step = sorted(running_steps(), key=lambda each: each.started_at)
    assert tick == RunningStep(task="podline.saga.sweep", subject_id=None, started_at=1_000_000)
    assert (step.task, step.subject_id) == ("podline.pods.create", subject)
    assert abs(step.started_at - NOW) < 1_000
