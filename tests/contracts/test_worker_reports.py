"""What every place for the heartbeats of workers does."""

from dataclasses import replace

import pytest

from app.domain.execution import SECOND
from app.domain.worker import RunningStep, WorkerReport
from app.infrastructure.memory.worker_reports import MemoryWorkerReports
from app.infrastructure.redis.worker_reports import RedisWorkerReports
from app.ports import WorkerReports
from tests.support.builders import NOW, an_id

STEP = RunningStep(task="podline.pods.create", subject_id=an_id(), started_at=NOW)
A = WorkerReport(
    name="a:1", kind="worker", roles=("pods", "saga"), version="0.2", seen_at=NOW, steps=(STEP,)
)
B = WorkerReport(name="b:1", kind="beat", roles=(), version="0.2", seen_at=NOW + SECOND)


@pytest.fixture(params=["memory", "redis"])
def reports(request: pytest.FixtureRequest) -> WorkerReports:
    if request.param == "memory":
        return MemoryWorkerReports()
    return RedisWorkerReports(request.getfixturevalue("redis_client"))


def test_the_newest_of_each_is_kept(reports: WorkerReports) -> None:
    for report in (B, A, replace(A, steps=())):
        reports.put(report)
    assert reports.since(NOW) == [replace(A, steps=()), B]
    reports.put(A)
    assert reports.since(NOW) == [A, B]


def test_what_is_older_is_forgotten(reports: WorkerReports) -> None:
    reports.put(A)
    reports.put(B)
    assert reports.since(NOW + 1) == [B]
    assert reports.since(NOW) == [B]
    assert reports.since(NOW + 2 * SECOND) == []


def test_what_ends_is_forgotten(reports: WorkerReports) -> None:
    reports.put(A)
    reports.remove(A.name)
    reports.remove("another")
    assert reports.since(0) == []
