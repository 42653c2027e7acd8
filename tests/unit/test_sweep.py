"""When the sweep acts on a row or a slot, and when it leaves it alone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.execution import SECOND, Execution, State
from app.domain.pod import Pod
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.runtime import Script
from app.ports import Caps
from app.service.admission import entry_of
from app.service.cancel import cancel
from app.service.sweep import (
    check_queue,
    clean_up_ended,
    free_lost_slots,
    rebuild_admission,
    remove_orphans,
    restart_chains,
)
from tests.support.builders import NOW, a_submission, accepted, an_execution, an_id
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

GRACE = 30
STEP_TIMEOUT = 10
CHECK_INTERVAL = 30
BATCH = 2


@pytest.fixture
def twins() -> Iterator[Twins]:
    """Slices of two, so that a few executions show whether they are bounded. No slot is free."""
    with changed(sweep__BATCH=BATCH, sweep__QUEUE_CHECK_BATCH=BATCH):
        yield make_twins(max_running=0)


def taken(twins: Twins) -> Execution:
    """An execution that holds a slot but is queued by the database."""
    execution = twins.submit()
    twins.admission.enter([entry_of(execution)])
    assert twins.admission.take(Caps(9, 9), twins.clock(), 1) == [execution.id]
    return execution


def test_a_slot_is_not_freed_within_its_grace(twins: Twins) -> None:
    taken(twins)
    for seconds in (0, GRACE):
        twins.clock.advance(seconds)
        free_lost_slots(twins.ports)
        assert twins.admission.slots_used() == 1
    twins.clock.advance(1 / SECOND)
    free_lost_slots(twins.ports)
    assert twins.admission.slots_used() == 0


def test_what_lost_its_slot_is_queued_again_and_waits_for_its_turn(twins: Twins) -> None:
    execution = taken(twins)
    twins.clock.advance(GRACE + 1)
    free_lost_slots(twins.ports)
    assert twins.admission.contains([execution.id]) == [True]
    assert twins.admission.length() == 1


def test_a_lost_slot_is_given_back_as_of_now(twins: Twins) -> None:
    left: list[tuple[str, int]] = []

    class Noting(MemoryAdmissionQueue):
        def leave(self, execution_id: str, now: int) -> None:
            left.append((execution_id, now))
            super().leave(execution_id, now)

    twins = make_twins(admission=Noting())
    execution = taken(twins)
    twins.clock.advance(GRACE + 1)
    free_lost_slots(twins.ports)
    assert left == [(execution.id, twins.clock())]


@pytest.mark.parametrize("known", [True, False])
def test_the_slot_of_an_ended_or_unknown_execution_is_freed_for_good(
    twins: Twins, known: bool
) -> None:
    execution, submission, event = accepted()
    if known:
        twins.store.executions.insert(execution, submission, event)
        twins.store.executions.apply(execution.cancel(NOW, NOW))
    twins.admission.hold(entry_of(execution), twins.clock())
    twins.clock.advance(GRACE + 1)
    free_lost_slots(twins.ports)
    assert (twins.admission.slots_used(), twins.admission.length()) == (0, 0)


def test_a_slot_that_is_rightly_held_stays() -> None:
    twins = make_twins()
    twins.runtime.script = lambda _: Script(ends=None)
    twins.submit()
    Worker(twins.ports).run_all()
    twins.clock.advance(GRACE + 1)
    free_lost_slots(twins.ports)
    assert (twins.admission.slots_used(), twins.admission.length()) == (1, 0)


def test_lost_slots_are_freed_a_slice_at_a_time(twins: Twins) -> None:
    for _ in range(BATCH + 1):
        taken(twins)
    twins.clock.advance(GRACE + 1)
    free_lost_slots(twins.ports)
    assert twins.admission.slots_used() == 1


# When a row is looked at again


def next_look(twins: Twins, row: Execution) -> float:
    """Store a row that is due, and let the sweep claim it. Returns the seconds that it waits."""
    _, submission, event = accepted()
    row = replace(row, next_action_at=twins.clock())
    assert twins.store.executions.insert(row, submission, event)
    for part in (check_queue, restart_chains, clean_up_ended):
        part(twins.ports)
    claimed = twins.now(row)
    assert claimed.next_action_at is not None
    return (claimed.next_action_at - twins.clock()) / SECOND


def queued(age: float, attempt: int = 0) -> Execution:
    return an_execution(created_at=NOW - int(age * SECOND), attempt=attempt)


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 30), (60, 30), (61, 30.5), (100, 50), (600, 300), (9_000, 300)]
)
def test_a_queued_row_is_checked_more_seldom_the_longer_it_waits(
    twins: Twins, age: float, seconds: float
) -> None:
    assert next_look(twins, queued(age)) == seconds


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_row_that_waits_for_another_attempt_is_checked_as_often_as_a_new_one(
    twins: Twins, attempt: int
) -> None:
    assert next_look(twins, queued(9_000, attempt)) == CHECK_INTERVAL


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 10), (20, 10), (21, 10.5), (60, 30), (200, 100), (9_000, 100)]
)
@pytest.mark.parametrize("state", [State.ADMITTED, State.RUNNING, State.CANCELLED])
def test_other_rows_back_off_by_the_age_of_their_state(
    twins: Twins, state: State, age: float, seconds: float
) -> None:
    since = NOW - int(age * SECOND)
    row = an_execution(state=state, attempt=1, admitted_at=NOW - 9_000 * SECOND)
    if state.terminal:
        row = replace(row, ended_at=since)
    else:
        row = replace(row, created_at=NOW - 9_000 * SECOND, admitted_at=since)
    assert next_look(twins, row) == seconds


# Bounded slices


def started(twins: Twins) -> list[tuple[str, State]]:
    return list(iter(twins.pipeline.take, None))


def test_chains_are_restarted_a_slice_at_a_time(twins: Twins) -> None:
    for _ in range(BATCH + 1):
        _, submission, event = accepted()
        row = an_execution(state=State.ADMITTED, admitted_at=NOW)
        twins.store.executions.insert(row, submission, event)
    restart_chains(twins.ports)
    assert [state for _, state in started(twins)] == [State.ADMITTED] * BATCH


def test_ended_executions_are_cleaned_up_a_slice_at_a_time(twins: Twins) -> None:
    executions = [twins.submit() for _ in range(BATCH + 1)]
    for execution in executions:
        cancel(twins.ports, execution)
    started(twins)
    twins.clock.advance(STEP_TIMEOUT)
    clean_up_ended(twins.ports)
    assert started(twins) == [(each.id, State.CANCELLED) for each in executions[:BATCH]]


def test_the_queue_is_checked_a_slice_at_a_time(twins: Twins) -> None:
    for _ in range(BATCH + 1):
        twins.submit()
    twins.clock.advance(CHECK_INTERVAL)
    check_queue(twins.ports)
    assert twins.admission.length() == BATCH


def test_a_rebuild_enters_all_executions_page_by_page(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[int] = []

    class Noting(MemoryAdmissionQueue):
        def enter(self, entries: object) -> None:
            entered.append(len(entries))  # type: ignore[arg-type]  # any sequence
            super().enter(entries)  # type: ignore[arg-type]  # any sequence

    monkeypatch.setattr("app.service.sweep.REBUILD_PAGE", 2)
    twins = make_twins(admission=Noting())
    for _ in range(5):
        twins.submit()
    rebuild_admission(twins.ports)
    assert entered == [2, 2, 1]
    assert twins.admission.length() == 5


@pytest.mark.parametrize(("queued", "level"), [(0, "INFO"), (2, "WARNING")])
def test_a_queue_that_nobody_had_is_no_warning(
    queued: int, level: str, twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(queued):
        twins.submit()
    with caplog.at_level("INFO", "app.service.sweep"):
        rebuild_admission(twins.ports)
    (line,) = caplog.records
    assert (line.levelname, f"with {queued} executions" in line.message) == (level, True)


# Orphan pods


def a_pod(name: str) -> Pod:
    return Pod.of(name, a_submission())


def orphans(twins: Twins) -> list[str]:
    remove_orphans(twins.ports)
    return twins.runtime.list_pods()


def test_a_pod_of_a_running_execution_stays_whatever_other_pods_there_are() -> None:
    twins = make_twins()
    twins.runtime.script = lambda _: Script(ends=None)
    execution = twins.submit()
    Worker(twins.ports).run_all()
    pod = twins.now(execution).pod
    twins.runtime.create(a_pod("none-of-ours"))
    twins.runtime.create(a_pod(f"{execution.id.lower()}-2"))
    assert orphans(twins) == [pod]


@pytest.mark.parametrize(
    ("attempt", "next_action_at", "stays"), [(1, NOW, True), (2, NOW, False), (1, None, False)]
)
def test_a_pod_of_an_ended_execution_stays_until_its_clean_up(
    twins: Twins, attempt: int, next_action_at: int | None, stays: bool
) -> None:
    _, submission, event = accepted()
    row = an_execution(state=State.CANCELLED, attempt=attempt, next_action_at=next_action_at)
    twins.store.executions.insert(row, submission, event)
    pod = f"{row.id.lower()}-1"
    twins.runtime.create(a_pod(pod))
    assert orphans(twins) == ([pod] if stays else [])


def test_what_was_missing_from_the_queue_gets_a_free_slot_at_once() -> None:
    twins = make_twins()
    execution = twins.submit()
    twins.clock.advance(CHECK_INTERVAL)
    check_queue(twins.ports)
    assert twins.now(execution).state is State.ADMITTED


def findings(twins: Twins) -> dict[str, int]:
    return {each.name: each.count for each in twins.ports.findings.since(0)}


class TestFindings:
    """What health shows: only what was lost."""

    def test_a_slot_that_nobody_holds(self, twins: Twins) -> None:
        taken(twins)
        twins.clock.advance(GRACE + 1)
        free_lost_slots(twins.ports)
        assert findings(twins) == {"lost_slot": 1}

    def test_a_queued_row_that_is_in_no_queue(self, twins: Twins) -> None:
        twins.submit()
        twins.clock.advance(CHECK_INTERVAL + 1)
        check_queue(twins.ports)
        assert findings(twins) == {"not_in_queue": 1}

    def test_a_silent_step(self, twins: Twins) -> None:
        row = twins.submit()
        twins.admission.enter([entry_of(row)])
        twins.admission.take(Caps(9, 9), twins.clock(), 1)
        twins.store.executions.apply(row.admit(twins.clock(), twins.clock()))
        twins.clock.advance(STEP_TIMEOUT + 1)
        restart_chains(twins.ports)
        assert findings(twins) == {"silent_step": 1}

    def test_a_program_that_runs_for_long_is_none(self) -> None:
        twins = make_twins()
        twins.runtime.script = lambda _: Script(ends=None)
        twins.submit()
        Worker(twins.ports).run_all()
        twins.clock.advance(STEP_TIMEOUT + 1)
        restart_chains(twins.ports)
        assert findings(twins) == {}
        assert twins.pipeline.queues() == {"monitor"}

    def test_a_pod_of_nobody(self, twins: Twins) -> None:
        twins.runtime.create(Pod.of(f"{an_id()}-1", a_submission()))
        remove_orphans(twins.ports)
        assert findings(twins) == {"orphan_pod": 1}

    def test_an_end_that_nobody_cleaned_up(self, twins: Twins) -> None:
        row = twins.submit()
        cancel(twins.ports, row)
        twins.pipeline.take()
        twins.clock.advance(STEP_TIMEOUT + 1)
        clean_up_ended(twins.ports)
        assert findings(twins) == {"not_cleaned_up": 1}
