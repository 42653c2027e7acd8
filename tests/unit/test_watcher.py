"""The watcher's threads on twins: the lease's holder reports to the pipeline what ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest

from app.domain.execution import State
from app.domain.report import Frame
from app.infrastructure.memory.leases import MemoryLease, MemoryLeases
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.infrastructure.memory.runtime import MemoryRuntime, Script
from app.service.submit import submit
from app.service.watcher import LEASE_NAME, Pauses, Watcher, feed_once
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins
from tests.support.waiting import wait_until
from tests.support.worker import Worker

QUICK = Pauses(renew=0.01, retry=0.01, feed=0.01, idle_feed=0.01)


@contextmanager
def watching(twins: Twins) -> Iterator[Watcher]:
    watcher = Watcher(lambda: twins.ports, QUICK)
    watcher.start()
    try:
        wait_until(watcher.is_watching)
        yield watcher
    finally:
        watcher.stop()


def running_pod(twins: Twins, worker: Worker) -> tuple[str, str]:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    row = twins.store.executions.get(execution.id)
    assert row is not None
    return row.id, row.pod


def next_started(twins: Twins) -> tuple[str, State]:
    started: list[tuple[str, State]] = []

    def take() -> bool:
        message = twins.pipeline.take()
        if message is not None:
            started.append(message)
        return bool(started)

    wait_until(take)
    return started[0]


def test_what_ended_while_nobody_watched_is_polled(twins: Twins, worker: Worker) -> None:
    execution_id, pod = running_pod(twins, worker)
    twins.runtime.end(pod)
    with watching(twins):
        assert next_started(twins) == (execution_id, State.RUNNING)


def test_it_sends_heartbeats_while_it_holds_the_lease(twins: Twins) -> None:
    with watching(twins):
        wait_until(lambda: twins.ports.worker_reports.since(0))
        (report,) = twins.ports.worker_reports.since(0)
        assert (report.kind, report.roles) == ("watcher", ("monitor",))
        twins.clock.advance(1)
        wait_until(lambda: twins.ports.worker_reports.since(twins.clock()))
    assert twins.ports.worker_reports.since(0) == [], "it has ended"


def test_a_pod_that_ends_is_polled_at_once(twins: Twins, worker: Worker) -> None:
    execution_id, pod = running_pod(twins, worker)
    with watching(twins):
        assert next_started(twins) == (execution_id, State.RUNNING), "listed at the start"
        twins.runtime.end(pod)
        assert next_started(twins) == (execution_id, State.RUNNING)


def test_whoever_polls_knows_already_how_much_room_there_is(twins: Twins, worker: Worker) -> None:
    execution_id, _ = running_pod(twins, worker)
    twins.runtime.room = 1
    watcher = Watcher(lambda: twins.ports, replace(QUICK, report=60))
    watcher.start()
    try:
        assert next_started(twins) == (execution_id, State.RUNNING)
        assert [place.slots for place in twins.ports.places.since(0)] == [1]
    finally:
        watcher.stop()


def test_only_one_watches_and_another_takes_over(twins: Twins) -> None:
    with watching(twins):
        assert twins.ports.leases.acquire(LEASE_NAME, 1) is None
    lease = twins.ports.leases.acquire(LEASE_NAME, 1)
    assert lease is not None, "a watcher that stops gives its lease back"
    lease.release()
    with watching(twins):
        pass


class RevocableLeases(MemoryLeases):
    """Once revoked, every lease is another worker's: this one was stalled for too long, say."""

    revoked = False

    def acquire(self, name: str, ttl_seconds: float) -> MemoryLease | None:
        return None if self.revoked else super().acquire(name, ttl_seconds)

    def renew(self, lease: MemoryLease) -> bool:
        return not self.revoked and super().renew(lease)


def test_it_stops_watching_once_its_lease_is_lost(twins: Twins, worker: Worker) -> None:
    leases = RevocableLeases()
    _, pod = running_pod(twins, worker)
    watcher = Watcher(lambda: replace(twins.ports, leases=leases), QUICK)
    watcher.start()
    try:
        wait_until(watcher.is_watching)
        leases.revoked = True
        wait_until(lambda: not watcher.is_watching())
        while twins.pipeline.take():
            pass
        twins.runtime.end(pod)
        assert twins.pipeline.take() is None
    finally:
        watcher.stop()


def test_live_output_is_fed_while_somebody_watches(twins: Twins, worker: Worker) -> None:
    execution_id, pod = running_pod(twins, worker)
    twins.ports.live.watch(execution_id)
    twins.runtime.print(pod, b"one")
    with watching(twins):
        wait_until(lambda: twins.ports.live.read(pod, 0))
    assert [frame.content for frame in twins.ports.live.read(pod, 0)] == [b"one"]


@pytest.mark.parametrize(("seconds", "pause"), [(0.02, 0.1), (3.0, 3.0)])
def test_it_pauses_as_long_as_the_runtime_took_to_answer(
    twins: Twins, worker: Worker, monkeypatch: pytest.MonkeyPatch, seconds: float, pause: float
) -> None:
    execution_id, _ = running_pod(twins, worker)
    twins.ports.live.watch(execution_id)
    monkeypatch.setattr("app.service.watcher.monotonic", iter((0.0, seconds)).__next__)
    assert feed_once(twins.ports, Pauses()) == pause


def test_it_keeps_its_lease_while_the_runtime_takes_long_to_return_what_was_printed(
    twins: Twins, worker: Worker
) -> None:
    class Counting(MemoryLeases):
        renewed = 0

        def renew(self, lease: MemoryLease) -> bool:
            self.renewed += 1
            return super().renew(lease)

    class Silent(MemoryRuntime):
        asked, answers = Event(), Event()

        def follow(self, name: str, after: int) -> list[Frame]:
            self.asked.set()
            self.answers.wait()
            return super().follow(name, after)

    execution_id, _ = running_pod(twins, worker)
    twins.ports.live.watch(execution_id)
    leases, runtime = Counting(), Silent()
    watcher = Watcher(lambda: replace(twins.ports, leases=leases, runtime=runtime), QUICK)
    watcher.start()
    try:
        assert runtime.asked.wait(60)
        before = leases.renewed
        wait_until(lambda: leases.renewed > before + 2)
    finally:
        runtime.answers.set()
        watcher.stop()


def test_it_continues_after_the_runtime_was_unavailable(twins: Twins, worker: Worker) -> None:
    execution_id, _ = running_pod(twins, worker)
    twins.runtime.unavailable = True
    with watching(twins):
        twins.runtime.unavailable = False

        assert next_started(twins) == (execution_id, State.RUNNING)


def test_it_continues_after_an_error_that_nobody_expected(twins: Twins, worker: Worker) -> None:
    class FailsOnce(MemoryPipeline):
        failed = False

        def start(
            self,
            execution_id: str,
            state: State,
            host: str | None = None,
            group: str | None = None,
            *,
            next_here: bool = False,
        ) -> None:
            if not self.failed:
                self.failed = True
                raise ValueError("nobody expected it")
            twins.pipeline.start(execution_id, state, host, group, next_here=next_here)

    execution_id, _ = running_pod(twins, worker)
    pipeline = FailsOnce()
    watcher = Watcher(lambda: replace(twins.ports, pipeline=pipeline), QUICK)
    watcher.start()
    try:
        assert next_started(twins) == (execution_id, State.RUNNING)
        assert pipeline.failed
    finally:
        watcher.stop()
    assert twins.ports.leases.acquire(LEASE_NAME, 1) is not None
