"""Which parts of the service do their work, by what they reported last."""

from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import replace
from threading import Barrier

import pytest

from app.domain.errors import CoordinationUnavailable
from app.domain.execution import State
from app.domain.hosts import HostReport
from app.domain.sighting import Finding, Found, TickReport
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.reports import MemoryFindings
from app.infrastructure.memory.store import MemoryStore
from app.ports import Fleet
from app.queues import QUEUES
from app.service.health import (
    FINDING_SECONDS,
    QUEUE_SECONDS,
    SILENT_SECONDS,
    Responding,
    condition,
    health,
    parts,
    responds,
)
from app.service.steps import expect, run_tick
from sandbox.logs import about, set_about
from tests.support.builders import an_id
from tests.support.staff import staffed
from tests.support.twins import Twins, make_twins

HOST = HostReport(name="one", slots=2, free=2, release="0.2", languages=())
PARTS = {"workers", "watcher", "beat", "ticks", "queues", "sweep"}


@pytest.fixture
def whole(twins: Twins) -> Twins:
    return staffed(twins)


def troubles(twins: Twins) -> dict[str, str]:
    return {name: trouble for name, trouble in parts(twins.ports).items() if trouble}


def test_a_whole_service(whole: Twins) -> None:
    assert parts(whole.ports) == dict.fromkeys(PARTS)
    assert not condition(whole.ports).is_degraded


def test_nobody_is_there(twins: Twins) -> None:
    assert troubles(twins) == {
        "workers": f"no worker serves {', '.join(QUEUES)}",
        "watcher": "no watcher for monitor",
        "beat": "no beat has sent a heartbeat lately",
    }
    found = condition(twins.ports)
    assert found.is_degraded
    assert not found.is_down


def test_those_that_hang_are_named(whole: Twins) -> None:
    whole.clock.advance(SILENT_SECONDS)
    assert not troubles(whole)
    whole.clock.advance(1)
    found = troubles(whole)
    assert found["workers"].endswith("; a:1 worker has been silent for 21 s")
    assert found["beat"].endswith("; a:1 beat has been silent for 21 s")
    assert found["watcher"] == "no watcher for monitor"


def test_one_of_two_workers_hangs(whole: Twins) -> None:
    whole.clock.advance(SILENT_SECONDS + 1)
    staffed(whole, name="b:2")
    assert troubles(whole) == {"workers": "a:1 worker has been silent for 21 s"}


def test_one_beat_is_enough(whole: Twins) -> None:
    staffed(whole, "beat", name="b:2")
    whole.clock.advance(SILENT_SECONDS + 1)
    staffed(whole, "worker", "watcher")
    said = "b:2 beat has been silent for 21 s"
    assert troubles(whole)["beat"].endswith(f"; a:1 beat has been silent for 21 s; {said}")
    staffed(whole, "beat")
    assert not troubles(whole)


def test_those_that_left_are_not_missed(whole: Twins) -> None:
    """As in a rolling restart."""
    staffed(whole, name="b:2")
    for kind in ("worker", "watcher", "beat"):
        whole.ports.worker_reports.remove(f"a:1 {kind}")
    whole.clock.advance(SILENT_SECONDS + 1)
    staffed(whole, name="b:2")
    assert not troubles(whole)


def test_a_queue_that_nobody_serves(twins: Twins) -> None:
    staffed(twins, "beat", "watcher")
    staffed(twins, "worker", roles=tuple(queue for queue in QUEUES if queue != "dlq"))
    assert troubles(twins) == {"workers": "no worker serves dlq"}


def test_a_watcher_serves_no_queue(twins: Twins) -> None:
    staffed(twins, "beat", "watcher")
    staffed(twins, "worker", roles=tuple(queue for queue in QUEUES if queue != "monitor"))
    assert troubles(twins) == {"workers": "no worker serves monitor"}


def test_a_message_that_nobody_takes(whole: Twins) -> None:
    whole.ports.pipeline.start(an_id(), State.STARTING)
    whole.clock.advance(1)
    whole.ports.pipeline.start(an_id(), State.STARTING)
    whole.clock.advance(QUEUE_SECONDS - 1)
    staffed(whole)
    assert not troubles(whole)
    whole.clock.advance(1)
    said = "pods: 2 waiting, the oldest for 31 s"
    assert troubles(whole) == {"queues": said}
    whole.pipeline.take()
    assert not troubles(whole)


@pytest.mark.parametrize(("every", "patience"), [(1, 23), (30, 110)])
def test_a_tick_is_late(twins: Twins, every: float, patience: float) -> None:
    run_tick(lambda: twins.ports, "podline.saga.sweep", lambda _: None, every)
    twins.clock.advance(patience)
    staffed(twins)
    assert not troubles(twins)
    twins.clock.advance(1)
    assert troubles(twins) == {"ticks": f"saga.sweep last ended {patience + 1} s ago"}


def test_a_tick_that_never_ends_is_late_after_its_due_time(twins: Twins) -> None:
    def expected() -> None:
        every = {"podline.saga.sweep": 5.0, "podline.saga.blobs": 3600.0}
        expect(twins.ports.ticks, twins.clock, every)

    expected()
    twins.clock.advance(35)
    expected()
    staffed(twins)
    assert not troubles(twins)
    twins.clock.advance(1)
    said = "saga.sweep has never ended, and was first sent 36 s ago"
    assert troubles(twins) == {"ticks": said}
    run_tick(lambda: twins.ports, "podline.saga.sweep", lambda _: None, 5.0)
    expected()
    assert not troubles(twins)


def test_a_rare_tick_is_not_late_because_the_service_was_stopped(twins: Twins) -> None:
    run_tick(lambda: twins.ports, "podline.saga.blobs", lambda _: None, 3600)
    twins.clock.advance(12 * 3600)
    staffed(twins)
    assert not troubles(twins)


def test_a_tick_that_fails_or_is_not_beats_is_not_reported(twins: Twins) -> None:
    run_tick(lambda: twins.ports, "podline.saga.sweep", lambda _: None)

    def fail(_: object) -> None:
        raise CoordinationUnavailable("gone")

    run_tick(lambda: twins.ports, "podline.saga.usage", fail, 1)
    assert twins.ports.ticks.since(0) == []


def test_what_a_sweep_found_is_shown_for_a_minute(whole: Twins) -> None:
    whole.ports.findings.put(Finding(name=Found.LOST_SLOT, seen_at=whole.clock(), count=2))
    assert troubles(whole) == {"sweep": "lost_slot: 2"}
    whole.clock.advance(FINDING_SECONDS + 1)
    staffed(whole)
    assert not troubles(whole)


def test_nothing_is_known_without_redis(whole: Twins) -> None:
    class Away(MemoryFindings):
        def since(self, _: int) -> list[Finding]:
            raise CoordinationUnavailable("refused")

    assert parts(replace(whole.ports, findings=Away())) == {}
    whole.pipeline.unavailable = True
    assert parts(whole.ports) == {}


def test_dependencies_are_asked_at_the_same_time() -> None:
    """So that a probe need not wait for one that hangs after another."""
    both = Barrier(2, timeout=60)

    class Store(MemoryStore):
        def ping(self) -> None:
            both.wait()

    class Log(MemoryEventLog):
        def ping(self) -> None:
            both.wait()

    twins = staffed(make_twins(store=Store(), event_log=Log()))
    assert not condition(twins.ports).is_degraded


def test_what_asking_logs_has_the_id_of_the_request() -> None:
    noted: list[Mapping[str, str]] = []

    class Store(MemoryStore):
        def ping(self) -> None:
            noted.append(about())

    def ask() -> None:
        set_about({"request_id": "b7c0"})
        health(make_twins(store=Store()).ports)

    copy_context().run(ask)
    assert noted == [{"request_id": "b7c0"}]


def test_a_queue_that_nobody_rebuilds_hides_no_missing_part(twins: Twins) -> None:
    """Redis was emptied, and no worker is there that sweeps."""
    staffed(twins, "beat", "watcher")
    staffed(twins, "worker", roles=tuple(queue for queue in QUEUES if queue != "saga"))
    twins.ports.admission.clear()
    found = condition(twins.ports)
    assert found.dependencies["redis"] is Responding.BEING_REBUILT
    assert responds(found.dependencies, "redis")
    assert found.parts["workers"] == "no worker serves saga"


def test_late_reports_of_removed_ticks_end(whole: Twins) -> None:
    whole.ports.ticks.put(TickReport(name="old", seen_at=0, every_seconds=1))
    assert not troubles(whole)


@pytest.fixture
def with_hosts(twins: Twins) -> Twins:
    hosts = MemoryHosts(twins.clock)
    hosts.put(HOST)
    return replace(twins, ports=replace(twins.ports, fleet=Fleet(hosts)))


def test_each_host_has_queues_and_a_watcher(with_hosts: Twins) -> None:
    staffed(with_hosts)
    assert troubles(with_hosts) == {"watcher": "no watcher for monitor.one"}
    staffed(with_hosts, "watcher", roles=("monitor.one",))
    assert not troubles(with_hosts)
    with_hosts.ports.pipeline.start(an_id(), State.RUNNING, "one")
    with_hosts.clock.advance(QUEUE_SECONDS + 1)
    assert with_hosts.ports.fleet is not None
    with_hosts.ports.fleet.hosts.put(HOST)
    assert troubles(with_hosts)["queues"] == "monitor.one: 1 waiting, the oldest for 31 s"
