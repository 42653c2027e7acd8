"""Replays: what each mode does, what a dry run reports, what is refused, what waits."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from app.domain.audit import AUDIT_EVENT
from app.domain.disk import Room
from app.domain.errors import (
    Conflict,
    DiskLow,
    EventLogUnavailable,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    StoreIsNewer,
    StoreUnavailable,
    TargetUnavailable,
)
from app.domain.execution import UNFINISHED, Event, Execution, State, event_type
from app.domain.filters import EventFilter, ExecutionFilter
from app.domain.problems import Problems
from app.domain.replay import Replay, ReplayMode, ReplayStatus, Skipped
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.memory.replays import MemoryReplays
from app.infrastructure.memory.runtime import Script
from app.infrastructure.memory.store import MemoryStore
from app.service.admission import entry_of
from app.service.audit import done_here
from app.service.relay import relay
from app.service.replay import control
from app.service.replay.slices import MAX_TRIES, work, work_due
from app.service.retention import erase
from app.service.sweep import sweep
from app.service.transitions import STEP_SECONDS
from app.service.usage import fold
from tests.support.builders import a_replay, accepted
from tests.support.constants import changed
from tests.support.event_logs import every_event
from tests.support.lives import Lives
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

REEMIT, REBUILD, RESUBMIT = ReplayMode.REEMIT, ReplayMode.REBUILD, ReplayMode.RESUBMIT
TARGETS = {REEMIT: "again", REBUILD: "memory://rebuilt", RESUBMIT: None}
EMPTY = ExecutionFilter()
NOT_IN_THE_LOG = {
    *("key_id", "cpu_us", "stored_bytes", "usage_at", "callback", "door_data"),
    "retried_as",
    "erased",
    "tries",
    "next_action_at",
    "rebuilt_at",
}


@pytest.fixture
def slices_of_four() -> Iterator[None]:
    with changed(replay__slices__BATCH=4):
        yield


@pytest.fixture
def twins(slices_of_four: None) -> Twins:  # noqa: ARG001  # for as long as the twins are used
    return make_twins()


@pytest.fixture
def lives(twins: Twins) -> dict[str, Execution]:
    return Lives(twins).rows


def started(twins: Twins, mode: ReplayMode, *, dry_run: bool = False, **filter: Any) -> Replay:
    """Start a replay, of all events unless a filter is given. `resubmit` needs one."""
    if mode is RESUBMIT:
        filter.setdefault("since", 0)
    return control.start(
        twins.ports,
        mode,
        EventFilter(**filter),
        TARGETS[mode],
        dry_run=dry_run,
        requested_by="otto",
        problems=Problems(),
    )


def run(twins: Twins) -> None:
    """Work on slices until no message requests another one."""
    while (replay_id := twins.pipeline.take_replay()) is not None:
        work(twins.ports, replay_id)


def replayed(twins: Twins, mode: ReplayMode, **request: Any) -> Replay:
    replay = started(twins, mode, **request)
    run(twins)
    return control.get(twins.ports.store.replays, replay.id)


def rebuilt_rows(twins: Twins) -> MemoryStore:
    store = twins.databases.stores[TARGETS[REBUILD] or ""]
    assert isinstance(store, MemoryStore)
    return store


def resubmitted(twins: Twins, lives: dict[str, Execution]) -> list[Execution]:
    known = {row.id for row in lives.values()}
    rows = twins.store.executions.page(EMPTY, None, 1_000)
    return [row for row in rows if row.id not in known]


class TestReemit:
    def test_each_event_is_delivered_once_more_with_its_id(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        replay = replayed(twins, REEMIT)
        emitted = twins.event_log.reemitted("again")
        logged = every_event(twins.event_log)
        assert [event["id"] for event in emitted] == [event.id for event in logged]
        assert {event["replayid"] for event in emitted} == {replay.id}
        assert replay.status is ReplayStatus.COMPLETED
        assert replay.counts.done == len(logged) == sum(row.version for row in lives.values())

    def test_the_filter_says_which(self, twins: Twins, lives: dict[str, Execution]) -> None:
        row = lives["second attempt"]
        types = frozenset({event_type(State.STARTING)})
        replay = replayed(twins, REEMIT, types=types, executions=frozenset({row.id}))
        emitted = [event["data"]["attempt"] for event in twins.event_log.reemitted("again")]
        assert emitted == [1, 2]
        assert replay.counts.matched == {event_type(State.STARTING): 2}


class TestRebuild:
    def test_every_field_that_the_log_knows_is_as_in_the_original(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        replay = replayed(twins, REBUILD)
        assert (replay.status, replay.counts.skipped) == (ReplayStatus.COMPLETED, {})
        for name, original in lives.items():
            row = rebuilt_rows(twins).executions.get(original.id)
            assert row is not None, name
            assert known(row) == known(original), name
            assert rebuilt_rows(twins).executions.events(row.id) == twins.store.executions.events(
                row.id
            )

    @pytest.mark.usefixtures("lives")
    def test_what_had_not_ended_is_marked_and_nobody_works_on_it(self, twins: Twins) -> None:
        """A service that runs on the rebuilt database does nothing to its rows."""
        replay = replayed(twins, REBUILD)
        rebuilt = rebuilt_rows(twins)
        before = {row.id: row for row in rebuilt.executions.page(EMPTY, None, 1_000)}
        assert {row.rebuilt_at for row in before.values()} == {replay.created_at}
        assert {row.state for row in before.values()} & UNFINISHED == {State.RUNNING, State.QUEUED}
        service = make_twins(store=rebuilt)
        service.admission.clear()
        worker = Worker(service.ports)
        for _ in range(20):
            service.clock.advance(600)
            sweep(service.ports)
            worker.run_all()
            assert relay(service.ports) == 0
        assert {row.id: row for row in rebuilt.executions.page(EMPTY, None, 1_000)} == before
        assert service.runtime.created == []
        assert (service.admission.length(), service.admission.slots_used()) == (0, 0)
        assert rebuilt.counts.unfinished("ada") == 0

    def test_pods_that_still_run_are_nobodys(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        replayed(twins, REBUILD)
        service = make_twins(store=rebuilt_rows(twins), runtime=twins.runtime)
        assert lives["running"].pod in service.runtime.list_pods()
        sweep(service.ports)
        assert service.runtime.list_pods() == []

    def test_up_to_a_moment_rows_are_as_they_were_then(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        original = lives["second attempt"]
        events = twins.store.executions.events(original.id)
        moment = next(event.time for event in events if event.data["attempt"] == 2)
        replayed(twins, REBUILD, until=moment, executions=frozenset({original.id}))
        row = rebuilt_rows(twins).executions.get(original.id)
        assert row is not None
        assert (row.state, row.attempt, row.message) == (State.QUEUED, 1, "the node was lost")

    def test_again_and_further_adds_what_came_since(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        half = lives["completed"].ended_at
        first = replayed(twins, REBUILD, until=half)
        second = replayed(twins, REBUILD)
        third = replayed(twins, REBUILD)
        assert first.counts.done < second.counts.done == third.counts.done
        for original in lives.values():
            row = rebuilt_rows(twins).executions.get(original.id)
            assert row is not None
            assert known(row) == known(original)

    def test_rows_whose_beginning_did_not_match_are_skipped(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        row = lives["second attempt"]
        of_second_attempt: dict[str, Any] = {
            "since": row.created_at + 1,
            "executions": frozenset({row.id}),
        }
        dry = replayed(twins, REBUILD, dry_run=True, **of_second_attempt)
        real = replayed(twins, REBUILD, **of_second_attempt)
        assert dry.counts == real.counts
        assert real.counts.skipped == {Skipped.INCOMPLETE: 4}
        assert rebuilt_rows(twins).executions.get(row.id) is None

    def test_events_that_say_too_little_are_skipped(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        """Rows that another service wrote are skipped, and all others are rebuilt."""
        row = lives["completed"]
        first, *_, last = twins.store.executions.events(row.id)
        bare = accepted()[0].id
        twins.event_log.append(
            [
                Event(bare, 1, first.type, first.time, {}),
                Event(row.id, last.version + 1, last.type, last.time, {"state": "dancing"}),
            ]
        )
        replay = replayed(twins, REBUILD)
        assert replay.status is ReplayStatus.COMPLETED
        assert replay.counts.skipped == {Skipped.INCOMPLETE: 2}
        assert replay.counts.done == sum(row.version for row in lives.values())
        assert rebuilt_rows(twins).executions.get(bare) is None

    def test_a_row_that_no_replay_wrote_is_left_alone(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        row = lives["completed"]
        submission = twins.store.executions.submission(row.id)
        assert submission is not None
        foreign = MemoryStore()
        foreign.executions.insert(row, submission, twins.store.executions.events(row.id)[0])
        twins.databases.stores[TARGETS[REBUILD] or ""] = foreign
        replay = replayed(twins, REBUILD, executions=frozenset({row.id}))
        assert replay.counts.skipped == {Skipped.NOT_REBUILT: row.version}
        assert foreign.executions.get(row.id) == row

    def test_the_services_own_database_is_refused_under_any_name(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        twins.databases.stores[TARGETS[REBUILD] or ""] = twins.store
        replay = replayed(twins, REBUILD)
        assert (replay.status, replay.counts.done) == (ReplayStatus.FAILED, 0)
        assert replay.error == "must not be the service's own database"
        assert all(twins.store.executions.get(row.id) == row for row in lives.values())


class TestResubmit:
    def test_each_execution_is_submitted_once_however_many_events_match(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        replay = replayed(twins, RESUBMIT)
        new = resubmitted(twins, lives)
        assert sorted(row.retry_of or "" for row in new) == sorted(r.id for r in lives.values())
        assert replay.counts.done == len(lives)
        originals = {row.id: row for row in lives.values()}
        for row in new:
            original = originals[row.retry_of or ""]
            assert (row.state, row.owner, row.root) == (State.QUEUED, "ada", original.root)
            assert twins.store.executions.submission(row.id) == twins.store.executions.submission(
                original.id
            )
            assert twins.store.executions.get(original.id) == original

    def test_they_run_like_others(self, twins: Twins, lives: dict[str, Execution]) -> None:
        replayed(twins, RESUBMIT, executions=frozenset({lives["failed"].id}))
        twins.runtime.script = lambda _pod: Script()
        Worker(twins.ports).run_all()
        (row,) = resubmitted(twins, lives)
        assert row.state is State.COMPLETED

    def test_what_has_no_program_any_more_is_skipped_with_the_reason(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        erase(twins.store.executions, twins.blobs, lives["completed"])
        fold(twins.store.usage)
        assert twins.store.executions.remove_ended_before((lives["crashed"].ended_at or 0) + 1, 1)
        remaining = [
            row for row in lives.values() if twins.store.executions.get(row.id) is not None
        ]
        replay = replayed(twins, RESUBMIT)
        gone = len(lives) - len(remaining)
        programs = [
            row for row in remaining if twins.store.executions.submission(row.id) is not None
        ]
        assert replay.counts.done == len(programs)
        expected = {Skipped.GONE: gone, Skipped.NO_PROGRAM: len(remaining) - len(programs)}
        assert replay.counts.skipped == {reason: n for reason, n in expected.items() if n}

    def test_its_own_executions_are_no_part_of_it(
        self, twins: Twins, lives: dict[str, Execution]
    ) -> None:
        replay = started(twins, RESUBMIT)
        while (replay_id := twins.pipeline.take_replay()) is not None:
            work(twins.ports, replay_id)
            Worker(twins.ports).run_all()
            while relay(twins.ports):
                pass
        assert control.get(twins.ports.store.replays, replay.id).counts.done == len(lives)

    def test_it_waits_while_the_service_has_all_it_takes(self) -> None:
        twins = make_twins(max_unfinished=1)
        lives = Lives(twins).rows
        twins.admission.enter([entry_of(lives["queued"])])
        replay = replayed(twins, RESUBMIT)
        assert (replay.status, replay.counts.done) == (ReplayStatus.RUNNING, 0)
        assert replay.error == QuotaExceeded.__doc__
        twins.admission.leave(lives["queued"].id, twins.clock())
        twins.clock.advance(5)
        work_due(twins.ports)
        assert control.get(twins.ports.store.replays, replay.id).counts.done == len(lives)


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("mode", ReplayMode)
def test_it_waits_while_the_disk_is_nearly_full(twins: Twins, mode: ReplayMode) -> None:
    """Whatever it writes, an execution or a row, takes space."""
    enough, twins.disk.room = twins.disk.room, Room(free=0, total=100 * 1024 * 1024)
    replay = replayed(twins, mode)
    assert (replay.status, replay.counts.done) == (ReplayStatus.RUNNING, 0)
    assert replay.error == DiskLow.__doc__
    assert replayed(twins, mode, dry_run=True).status is ReplayStatus.COMPLETED
    twins.disk.room = enough
    twins.clock.advance(5)
    work_due(twins.ports)
    assert control.get(twins.ports.store.replays, replay.id).counts.done > 0


class TestDryRun:
    @pytest.mark.parametrize("mode", ReplayMode)
    def test_counts_what_would_be_done_and_does_nothing(
        self, twins: Twins, lives: dict[str, Execution], mode: ReplayMode
    ) -> None:
        erase(twins.store.executions, twins.blobs, lives["completed"])
        dry = replayed(twins, mode, dry_run=True)
        assert twins.event_log.reemitted("again") == []
        assert twins.databases.stores == {}
        assert resubmitted(twins, lives) == []
        real = replayed(twins, mode)
        assert dry.counts == real.counts
        assert dry.status is ReplayStatus.COMPLETED
        assert sum(dry.counts.matched.values()) == sum(row.version for row in lives.values())
        assert dry.counts.matched[event_type(State.FAILED)] == 1


class TestSessions:
    @pytest.mark.parametrize(
        ("mode", "target", "filter", "pointer"),
        [
            (REEMIT, None, {}, "/target"),
            (REEMIT, "no topic", {}, "/target"),
            (REEMIT, "events", {}, "/target"),
            (REBUILD, None, {}, "/target"),
            (REBUILD, "ftp://host", {}, "/target"),
            (REBUILD, "memory://x", {"types": frozenset({event_type(State.FAILED)})}, "/types"),
            (RESUBMIT, "topic", {"since": 0}, "/target"),
            (RESUBMIT, None, {}, "/from"),
            (RESUBMIT, None, {"since": 5, "until": 5}, "/to"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self,
        twins: Twins,
        mode: ReplayMode,
        target: str | None,
        filter: dict[str, Any],
        pointer: str,
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            control.start(
                twins.ports,
                mode,
                EventFilter(**filter),
                target,
                dry_run=True,
                requested_by="otto",
                problems=Problems(),
            )
        assert [problem.pointer for problem in caught.value.problems] == [pointer]
        assert twins.store.replays.page(None, 10) == []

    def test_one_never_reaches_beyond_its_own_beginning(self, twins: Twins) -> None:
        now = twins.clock()
        for until in (None, now + 1):
            assert started(twins, REEMIT, until=until).filter.until == now
        assert started(twins, REEMIT, until=now - 1).filter.until == now - 1

    @pytest.mark.usefixtures("lives")
    def test_a_slice_is_bounded_and_asks_for_the_next_one(self, twins: Twins) -> None:
        replay = started(twins, REEMIT)
        for slices in (1, 2, 3):
            assert twins.pipeline.take_replay() == replay.id
            work(twins.ports, replay.id)
            assert len(twins.event_log.reemitted("again")) == 4 * slices

    @pytest.mark.usefixtures("lives")
    def test_sessions_take_turns(self, twins: Twins) -> None:
        first, second = started(twins, REEMIT), started(twins, REBUILD)
        turns = []
        while (replay_id := twins.pipeline.take_replay()) is not None:
            turns.append(replay_id)
            work(twins.ports, replay_id)
        assert turns[:6] == [first.id, second.id] * 3

    @pytest.mark.usefixtures("lives")
    def test_without_messages_a_tick_continues(self, twins: Twins) -> None:
        twins.pipeline.unavailable = True
        replay = started(twins, REEMIT)
        for _ in range(40):
            twins.clock.advance(STEP_SECONDS)
            work_due(twins.ports)
        assert control.get(twins.ports.store.replays, replay.id).status is ReplayStatus.COMPLETED

    @pytest.mark.usefixtures("lives")
    def test_what_somebody_works_on_is_left_to_them(self, twins: Twins) -> None:
        replay = started(twins, REEMIT)
        lease = twins.ports.leases.acquire(f"replay.{replay.id}", 60)
        assert lease is not None
        run(twins)
        assert control.get(twins.ports.store.replays, replay.id) == replay

    @pytest.mark.usefixtures("lives")
    def test_cancelled_it_stays_so(self, twins: Twins) -> None:
        replay = started(twins, REEMIT)
        work(twins.ports, replay.id)
        cancelled = control.cancel(twins.ports.store.replays, twins.ports.clock, replay.id)
        run(twins)
        assert control.get(twins.ports.store.replays, replay.id) == cancelled
        assert (cancelled.status, cancelled.counts.done) == (ReplayStatus.CANCELLED, 4)
        with pytest.raises(Conflict):
            control.cancel(twins.ports.store.replays, twins.ports.clock, replay.id)
        with pytest.raises(NotFound):
            control.cancel(twins.ports.store.replays, twins.ports.clock, a_replay().id)

    def test_cancelled_in_a_slice_it_stays_so(self) -> None:
        log = LogWithIncidents()
        twins = make_twins(event_log=log)
        Lives(twins)
        replay = started(twins, REEMIT)
        log.incident = lambda: control.cancel(
            twins.ports.store.replays, twins.ports.clock, replay.id
        )
        run(twins)
        assert control.get(twins.ports.store.replays, replay.id).status is ReplayStatus.CANCELLED

    def test_without_the_log_it_waits_and_says_for_what(self) -> None:
        log = LogWithIncidents()
        twins = make_twins(event_log=log)
        lives = Lives(twins).rows
        log.incident = unavailable
        replay = replayed(twins, REEMIT)
        assert replay.status is ReplayStatus.RUNNING
        assert replay.error == EventLogUnavailable.__doc__
        for _ in range(20):
            twins.clock.advance(5)
            work_due(twins.ports)
        log.incident = lambda: None
        twins.clock.advance(5)
        work_due(twins.ports)
        done = control.get(twins.ports.store.replays, replay.id)
        assert (done.status, done.error) == (ReplayStatus.COMPLETED, None)
        assert done.counts.done == sum(row.version for row in lives.values())

    @pytest.mark.usefixtures("lives")
    def test_a_target_of_a_newer_release_is_not_waited_for(self, twins: Twins) -> None:
        class Newer(MemoryReplays):
            def get(self, _: str) -> Replay | None:
                raise StoreIsNewer("the file has version 99")

        target = MemoryStore()
        target.replays = Newer()
        twins.databases.stores[TARGETS[REBUILD] or ""] = target
        replay = replayed(twins, REBUILD)
        assert replay.status is ReplayStatus.FAILED
        assert "newer release" in (replay.error or "")

    @pytest.mark.usefixtures("lives")
    def test_what_an_unreachable_target_said_is_shown_to_nobody(
        self, twins: Twins, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Unreachable(MemoryReplays):
            def get(self, _: str) -> Replay | None:
                raise StoreUnavailable("no route to user:hush@host")

        target = MemoryStore()
        target.replays = Unreachable()
        twins.databases.stores[TARGETS[REBUILD] or ""] = target
        replay = replayed(twins, REBUILD)
        assert replay.error == TargetUnavailable.__doc__
        assert "waits" in caplog.text
        assert "hush" not in caplog.text

    @pytest.mark.usefixtures("slices_of_four")
    def test_a_slice_that_takes_longer_than_the_lease_comes_again_in_smaller_ones(self) -> None:
        log = LogWithIncidents()
        twins = make_twins(event_log=log)
        lives = Lives(twins).rows
        replay = started(twins, REEMIT)

        def others_take_over_large_ones() -> None:
            row = control.get(twins.ports.store.replays, replay.id)
            if log.emitting > 1:
                twins.store.replays.update(row, row.begin(twins.clock(), twins.clock()))

        log.incident = others_take_over_large_ones
        while not control.get(twins.ports.store.replays, replay.id).status.terminal:
            work(twins.ports, replay.id)
        done = control.get(twins.ports.store.replays, replay.id)
        assert (done.status, done.error) == (ReplayStatus.COMPLETED, None)
        assert done.counts.done == sum(row.version for row in lives.values())

    def test_a_slice_that_never_succeeds_ends_it(self) -> None:
        log = LogWithIncidents()
        twins = make_twins(event_log=log)
        Lives(twins)
        log.incident = bug
        replay = started(twins, REEMIT)
        for _ in range(MAX_TRIES):
            with pytest.raises(ZeroDivisionError):
                work(twins.ports, replay.id)
        work(twins.ports, replay.id)
        failed = control.get(twins.ports.store.replays, replay.id)
        assert failed.status is ReplayStatus.FAILED
        assert failed.error == "a slice failed 8 times in a row"

    def test_a_place_that_the_log_does_not_have_ends_it(self, twins: Twins) -> None:
        replay = a_replay(position="nowhere")
        twins.store.replays.put(replay)
        work(twins.ports, replay.id)
        assert control.get(twins.ports.store.replays, replay.id).status is ReplayStatus.FAILED


class LogWithIncidents(MemoryEventLog):
    """Something happens before events are emitted again."""

    def __init__(self) -> None:
        super().__init__()
        self.incident: Any = lambda: None
        self.emitting = 0

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        self.emitting = len(events)
        self.incident()
        super().reemit(target, replay_id, events)


def unavailable() -> None:
    raise EventLogUnavailable("the log is unavailable")


def bug() -> None:
    raise ZeroDivisionError


def known(row: Execution) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in NOT_IN_THE_LOG}


@pytest.mark.parametrize("mode", [REBUILD, RESUBMIT])
def test_records_of_the_audit_log_are_left_alone(
    mode: ReplayMode, twins: Twins, lives: dict[str, Execution]
) -> None:
    ports = twins.ports
    done_here(ports.store.audit, ports.clock, "podline restore", {})
    relay(ports)
    twins.clock.advance(1)
    finished = replayed(twins, mode)
    assert finished.status is ReplayStatus.COMPLETED
    assert finished.counts.matched[AUDIT_EVENT] == 1
    of_executions = {"rebuild": sum(row.version for row in lives.values()), "resubmit": len(lives)}
    assert finished.counts.done + sum(finished.counts.skipped.values()) == of_executions[mode]
