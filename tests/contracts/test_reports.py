"""What workers, beat and places report."""

from dataclasses import replace

import pytest
from redis import Redis

from app.domain.execution import SECOND
from app.domain.place import PlaceReport
from app.domain.sighting import Finding, Found, TickReport
from app.domain.worker import RunningStep, WorkerReport
from app.infrastructure.memory.reports import (
    MemoryFindings,
    MemoryPlaceReports,
    MemoryTickReports,
    MemoryWorkerReports,
)
from app.infrastructure.redis.reports import (
    RedisFindings,
    RedisPlaceReports,
    RedisTickReports,
    RedisWorkerReports,
)
from app.ports import Findings, PlaceReports, TickReports, WorkerReports
from tests.support.builders import NOW, an_id

STEP = RunningStep(task="podline.pods.create", subject_id=an_id(), started_at=NOW)
A = WorkerReport(
    name="a:1", kind="worker", roles=("pods", "saga"), version="0.2", seen_at=NOW, steps=(STEP,)
)
B = WorkerReport(name="b:1", kind="beat", roles=(), version="0.2", seen_at=NOW + SECOND)
HOST_1 = PlaceReport(name="host-1", slots=2, seen_at=NOW)
HOST_2 = PlaceReport(name="host-2", slots=64, seen_at=NOW + SECOND)


@pytest.fixture(params=["memory", "redis"])
def reports(request: pytest.FixtureRequest) -> WorkerReports:
    if request.param == "memory":
        return MemoryWorkerReports()
    return RedisWorkerReports(request.getfixturevalue("redis_client"))


@pytest.fixture(params=["memory", "redis"])
def places(request: pytest.FixtureRequest) -> PlaceReports:
    if request.param == "memory":
        return MemoryPlaceReports()
    return RedisPlaceReports(request.getfixturevalue("redis_client"))


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


def test_places_are_kept_apart_from_workers(reports: WorkerReports, places: PlaceReports) -> None:
    reports.put(A)
    for report in (HOST_2, HOST_1):
        places.put(report)
    assert places.since(NOW) == [HOST_1, HOST_2]
    assert places.since(NOW + 1) == [HOST_2]
    places.remove(HOST_2.name)
    assert places.since(0) == []
    assert reports.since(0) == [A]


Sightings = tuple[TickReports, Findings]


@pytest.fixture(params=["memory", "redis"])
def sightings(request: pytest.FixtureRequest) -> Sightings:
    if request.param == "memory":
        return MemoryTickReports(), MemoryFindings()
    client = request.getfixturevalue("redis_client")
    return RedisTickReports(client), RedisFindings(client)


def test_what_is_seen_is_kept_apart(sightings: Sightings) -> None:
    ticks, findings = sightings
    sweep = TickReport(name="saga.sweep", seen_at=NOW, every_seconds=5)
    slots = Finding(name=Found.LOST_SLOT, seen_at=NOW, count=2)
    pods = Finding(name=Found.ORPHAN_POD, seen_at=NOW + SECOND, count=1)
    ticks.put(sweep)
    for finding in (pods, slots):
        findings.put(finding)
    assert ticks.since(NOW) == [sweep]
    assert findings.since(NOW) == [slots, pods]
    assert findings.since(NOW + 1) == [pods]


def test_what_is_added_replaces_nothing(sightings: Sightings) -> None:
    ticks, _ = sightings
    never = TickReport(name="saga.sweep", seen_at=NOW, every_seconds=5, ended=False)
    ticks.add(never)
    ticks.add(replace(never, seen_at=NOW + SECOND))
    assert ticks.since(0) == [never]
    ended = replace(never, seen_at=NOW + SECOND, ended=True)
    ticks.put(ended)
    ticks.add(never)
    assert ticks.since(0) == [ended]


def test_a_report_of_another_release_hides_no_other(redis_client: Redis) -> None:
    reports = RedisWorkerReports(redis_client)
    reports.put(A)
    redis_client.hset("podline:workers", "newer:1", '{"of": "another release"}')
    assert reports.since(0) == [A]
