"""Every way in which a step of the chain can end: what it returns, and what the row contains."""

import pytest

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.errors import RuntimeUnavailable, StoreUnavailable
from app.domain.execution import SECOND, Change, Execution, Outcome, State
from app.domain.fault import Fault
from app.domain.pod import Pod
from app.domain.report import Limit, Observation, Report
from app.domain.submission import ExpectedOutput
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.runtime import MemoryRuntime, Script
from app.infrastructure.memory.store import MemoryStore
from app.service import saga
from app.service.admission import admit, enter_again, entry_of, fill_slots
from app.service.cancel import cancel
from app.service.monitor import poll
from app.service.pods import create_pod
from app.service.results import persist
from app.service.retry import retry
from app.service.saga import begin, compensate, start_attempt
from tests.support.builders import NOW, a_report
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

START_TIMEOUT = 60
POLL_INTERVAL = 5
STEP_TIMEOUT = 10
REPORT = a_report(wall_us=5)
NOT_STARTED = "the program did not start before its start deadline"


def waiting(twins: Twins) -> Execution:
    """In state starting, without a pod yet."""
    execution = twins.submit()
    assert admit(twins.ports, execution.id)
    assert start_attempt(twins.ports, execution.id)
    return twins.now(execution)


def created(twins: Twins, script: Script) -> Execution:
    """In state starting, with a pod that does what the script says."""
    execution = waiting(twins)
    twins.runtime.script = lambda _: script
    assert create_pod(twins.ports, execution.id)
    return twins.now(execution)


def running(twins: Twins) -> Execution:
    execution = created(twins, Script(ends=None))
    assert poll(twins.ports, execution.id) is False
    return twins.now(execution)


def finished(twins: Twins) -> Execution:
    execution = created(twins, Script(prints=b"1\n", ends=REPORT))
    assert poll(twins.ports, execution.id) is True
    return twins.now(execution)


def next_look(twins: Twins, execution: Execution) -> float:
    at = twins.now(execution).next_action_at
    assert at is not None
    return (at - twins.clock()) / SECOND


def state_and_message(twins: Twins, execution: Execution) -> tuple[State, str | None]:
    row = twins.now(execution)
    return row.state, row.message


# Tries


@pytest.mark.parametrize("tries", [1, 8])
def test_a_step_may_be_tried_as_often_as_the_policy_says(twins: Twins, tries: int) -> None:
    execution = waiting(twins)
    for _ in range(tries - 1):
        assert begin(twins.ports, execution.id, frozenset({State.STARTING}), "create")
    row = begin(twins.ports, execution.id, frozenset({State.STARTING}), "create")
    assert row is not None
    assert (row.tries, next_look(twins, execution)) == ({"create": tries}, STEP_TIMEOUT)


def test_one_try_too_many_ends_the_attempt(twins: Twins) -> None:
    execution = waiting(twins)
    for _ in range(8):
        assert begin(twins.ports, execution.id, frozenset({State.STARTING}), "create")
    assert begin(twins.ports, execution.id, frozenset({State.STARTING}), "create") is None
    assert state_and_message(twins, execution) == (
        State.QUEUED,
        "step create did not succeed in 8 tries",
    )


def test_steps_count_their_tries_by_their_names(twins: Twins) -> None:
    """Rows that an older version stored have these names, so they may not change."""
    seen: list[str] = []

    class Noting(MemoryExecutions):
        def begin(
            self,
            execution_id: str,
            states: frozenset[State],
            step: str,
            now: int,
            next_action_at: int,
            *,
            at: str | None = None,
            places: bool = False,
        ) -> Execution | None:
            seen.append(step)
            begin = super().begin
            return begin(execution_id, states, step, now, next_action_at, at=at, places=places)

    store = MemoryStore()
    store.executions = Noting(store.tables)
    twins = make_twins(store=store)
    twins.submit()
    Worker(twins.ports).run_all()
    assert seen == ["start", "create", "poll", "persist"]


# Admission


def test_admitting_what_is_not_queued_or_not_known_does_nothing(twins: Twins) -> None:
    execution = twins.submit()
    cancel(twins.ports, execution)
    assert admit(twins.ports, execution.id) is False
    assert admit(twins.ports, "01JUNKNOWN") is False
    assert (twins.admission.length(), twins.admission.slots_used()) == (0, 0)


def test_the_callers_chain_continues_only_for_what_it_admitted(twins: Twins) -> None:
    first, second = twins.submit(), twins.submit()
    while twins.pipeline.take():
        pass
    twins.admission.enter([entry_of(first)])
    assert admit(twins.ports, second.id) is True
    assert list(iter(twins.pipeline.take, None)) == [(first.id, State.ADMITTED)]
    third = twins.submit()
    while twins.pipeline.take():
        pass
    assert admit(twins.ports, third.id) is False, "no slot is free"
    assert fill_slots(twins.ports) is False
    assert twins.now(second).admitted_at == NOW


class FailingExecutions(MemoryExecutions):
    """A database that becomes unavailable at the next transition."""

    fails = True

    def apply(self, change: Change) -> bool:
        if self.fails:
            raise StoreUnavailable("the database went down")
        return super().apply(change)


def test_a_slot_is_given_back_if_the_database_fails_at_admission() -> None:
    store = MemoryStore()
    store.executions = executions = FailingExecutions(store.tables)
    twins = make_twins(store=store)
    execution = twins.submit()
    with pytest.raises(StoreUnavailable):
        admit(twins.ports, execution.id)
    assert (twins.admission.slots_used(), twins.admission.length()) == (0, 0)
    executions.fails = False
    assert admit(twins.ports, execution.id) is True


class RacingExecutions(MemoryExecutions):
    """Somebody else changes the row just before our transition."""

    def apply(self, change: Change) -> bool:
        before, now = change.before, change.event.time
        admitted = before.admit(now, now)
        if self.other == "admits":
            super().apply(admitted)
        elif self.other == "cancels":
            super().apply(before.cancel(now, now))
        elif self.other == "erases":
            self._tables.rows.pop(before.id)
        return super().apply(change)

    other = ""


@pytest.mark.parametrize(("other", "slots"), [("admits", 1), ("cancels", 0), ("erases", 0)])
def test_a_lost_race_keeps_the_slot_only_if_the_execution_holds_it(other: str, slots: int) -> None:
    store = MemoryStore()
    store.executions = executions = RacingExecutions(store.tables)
    twins = make_twins(store=store)
    execution = twins.submit()
    executions.other = other
    assert admit(twins.ports, execution.id) is False
    assert twins.admission.slots_used() == slots
    assert twins.admission.slots(twins.clock() + 1, 9) == [execution.id] * slots


@pytest.mark.parametrize(("cancelled", "length"), [(False, 1), (True, 0)])
def test_only_what_is_queued_is_entered_again(twins: Twins, cancelled: bool, length: int) -> None:
    execution = twins.submit()
    if cancelled:
        cancel(twins.ports, execution)
    enter_again(twins.store.executions, twins.ports.admission, execution.id)
    enter_again(twins.store.executions, twins.ports.admission, "01JUNKNOWN")
    assert twins.admission.length() == length


# Starting an attempt


def test_an_attempt_starts_with_its_deadline(twins: Twins) -> None:
    execution = waiting(twins)
    assert (execution.state, execution.attempt) == (State.STARTING, 1)
    assert execution.start_deadline == NOW + START_TIMEOUT * SECOND
    assert next_look(twins, execution) == STEP_TIMEOUT
    assert twins.store.executions.events(execution.id)[-1].time == NOW


def test_only_an_admitted_execution_starts(twins: Twins) -> None:
    assert start_attempt(twins.ports, twins.submit().id) is False


# Creating the pod


def test_only_a_starting_execution_gets_a_pod(twins: Twins) -> None:
    assert create_pod(twins.ports, twins.submit().id) is False
    assert twins.runtime.list_pods() == []


@pytest.mark.parametrize(("late", "starts"), [(0, True), (1 / SECOND, False)])
def test_after_its_start_deadline_no_pod_is_created(
    twins: Twins, late: float, starts: bool
) -> None:
    execution = waiting(twins)
    twins.clock.advance(START_TIMEOUT + late)
    assert create_pod(twins.ports, execution.id) is starts
    if not starts:
        assert state_and_message(twins, execution) == (State.QUEUED, NOT_STARTED)


def test_a_pod_that_is_there_after_the_deadline_is_left_to_poll(twins: Twins) -> None:
    execution = created(twins, Script(starts=False))
    twins.clock.advance(START_TIMEOUT + 1)
    assert create_pod(twins.ports, execution.id) is True
    assert twins.now(execution).state is State.STARTING


def test_without_its_program_an_execution_fails_for_good(twins: Twins) -> None:
    execution = waiting(twins)
    twins.store.tables.submissions.clear()
    assert create_pod(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (
        State.FAILED,
        "the stored program no longer exists",
    )


def test_a_refused_pod_fails_for_good(twins: Twins) -> None:
    execution = twins.submit(language="cobol")
    assert admit(twins.ports, execution.id)
    assert start_attempt(twins.ports, execution.id)
    assert create_pod(twins.ports, execution.id) is False
    state, message = state_and_message(twins, execution)
    assert state is State.FAILED
    assert (message or "").startswith("the runtime refused the pod: ")


def test_a_pod_whose_execution_ended_meanwhile_goes(twins: Twins) -> None:
    execution = waiting(twins)

    def cancelled(_: Pod) -> Script:
        cancel(twins.ports, twins.now(execution))
        return Script()

    twins.runtime.script = cancelled
    assert create_pod(twins.ports, execution.id) is False
    assert twins.runtime.list_pods() == []


def test_creating_again_is_no_failed_try_until_poll_was_tried(twins: Twins) -> None:
    execution = created(twins, Script(starts=False))
    assert twins.now(execution).tries == {"create": 1}
    assert create_pod(twins.ports, execution.id)
    assert twins.now(execution).tries == {}
    assert begin(twins.ports, execution.id, frozenset({State.STARTING}), "poll")  # and is killed
    for _ in range(3):
        assert create_pod(twins.ports, execution.id)
    assert twins.now(execution).tries == {"poll": 1, "create": 3}


# Polling


def test_only_what_is_under_way_is_polled(twins: Twins) -> None:
    assert poll(twins.ports, twins.submit().id) is False


class Waiting(MemoryRuntime):
    """Notes how long each look at a pod may wait."""

    waits: list[float]

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        self.waits.append(wait_seconds)
        return super().observe(name)


def test_the_first_look_waits_for_a_short_program_and_later_ones_do_not() -> None:
    runtime = Waiting()
    runtime.waits = []
    twins = make_twins(runtime=runtime)
    execution = created(twins, Script(ends=None))
    with changed(monitor__FIRST_LOOK_SECONDS=0.25):
        poll(twins.ports, execution.id)
        poll(twins.ports, execution.id)
    assert runtime.waits == [0.25, 0]


@pytest.mark.parametrize(("late", "state"), [(0, State.STARTING), (1 / SECOND, State.QUEUED)])
def test_a_pod_that_waits_ends_its_attempt_only_after_the_deadline(
    twins: Twins, late: float, state: State
) -> None:
    execution = created(twins, Script(starts=False))
    twins.clock.advance(START_TIMEOUT + late)
    assert poll(twins.ports, execution.id) is False
    message = NOT_STARTED if state is State.QUEUED else None
    assert state_and_message(twins, execution) == (state, message)


def test_a_missing_pod_ends_its_attempt_only_after_the_deadline(twins: Twins) -> None:
    execution = waiting(twins)
    assert poll(twins.ports, execution.id) is False
    assert next_look(twins, execution) == POLL_INTERVAL
    twins.clock.advance(START_TIMEOUT - 1)
    assert poll(twins.ports, execution.id) is False
    assert next_look(twins, execution) == 1, "no later than the deadline"
    twins.clock.advance(2)
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (State.QUEUED, NOT_STARTED)


def test_the_runtime_may_say_why_a_program_does_not_start(twins: Twins) -> None:
    execution = created(twins, Script(starts=False))
    twins.runtime.report(execution.pod, message="the image can't be pulled")
    twins.clock.advance(START_TIMEOUT + 1)
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (State.QUEUED, "the image can't be pulled")


@pytest.mark.parametrize(
    ("said", "message"),
    [("the node was lost", "the node was lost"), ("", "the runtime lost the program")],
)
def test_a_faulted_pod_ends_its_attempt(twins: Twins, said: str, message: str) -> None:
    execution = running(twins)
    twins.runtime.fault(execution.pod, said)
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (State.QUEUED, message)


def test_a_running_program_whose_pod_is_gone_ends_its_attempt(twins: Twins) -> None:
    execution = running(twins)
    twins.runtime.lose(execution.pod)
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (State.QUEUED, "the program's pod is gone")


def test_a_running_program_is_recorded_from_when_it_started(twins: Twins) -> None:
    execution = created(twins, Script(ends=None))
    twins.clock.advance(3)
    assert poll(twins.ports, execution.id) is False
    row = twins.now(execution)
    assert (row.state, row.started_at) == (State.RUNNING, NOW)
    assert next_look(twins, execution) == POLL_INTERVAL
    assert twins.store.executions.events(row.id)[-1].time == twins.clock()
    twins.clock.advance(1)
    assert poll(twins.ports, execution.id) is False
    assert next_look(twins, execution) == POLL_INTERVAL


def test_a_runtime_that_does_not_know_when_a_program_started(twins: Twins) -> None:
    execution = created(twins, Script(ends=None))
    twins.runtime.report(execution.pod, started_at=None)
    twins.clock.advance(3)
    poll(twins.ports, execution.id)
    assert twins.now(execution).started_at == twins.clock()


@pytest.mark.parametrize(("late", "state"), [(0, State.RUNNING), (1 / SECOND, State.QUEUED)])
def test_a_program_that_the_runtime_does_not_end_ends_its_attempt(
    twins: Twins, late: float, state: State
) -> None:
    """Both stages have 10 s, and starting has 60 s."""
    execution = running(twins)
    twins.clock.advance(10 + 10 + START_TIMEOUT + late)
    assert poll(twins.ports, execution.id) is False
    message = "the runtime did not end the program at its time limit"
    assert state_and_message(twins, execution) == (state, message if late else None)


def test_an_ended_program_is_judged(twins: Twins) -> None:
    execution = created(twins, Script(ends=a_report(exit_code=3)))
    twins.clock.advance(3)
    assert poll(twins.ports, execution.id) is True
    row = twins.now(execution)
    assert (row.state, row.outcome, row.exit_code) == (
        State.FINISHED,
        Outcome.RUNTIME_ERROR,
        3,
    )
    assert next_look(twins, execution) == STEP_TIMEOUT
    assert twins.store.executions.events(row.id)[-1].time == twins.clock()


def test_a_program_without_its_submission_is_not_judged(twins: Twins) -> None:
    execution = created(twins, Script())
    twins.store.tables.submissions.clear()
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (
        State.FAILED,
        "the stored program no longer exists",
    )


class WithoutOutput(MemoryRuntime):
    def output(self, name: str, first_run: int = 0) -> None:
        """It is lost."""


def test_output_that_is_lost_before_it_was_compared_ends_the_attempt() -> None:
    twins = make_twins(runtime=WithoutOutput())
    execution = twins.submit(expected_output=ExpectedOutput(b"1"))
    for step in (admit, start_attempt, create_pod):
        assert step(twins.ports, execution.id)
    assert poll(twins.ports, execution.id) is False
    assert state_and_message(twins, execution) == (
        State.QUEUED,
        "the program's output was lost",
    )


# Storing the result


def test_a_result_is_stored_once_and_named_by_the_row(twins: Twins) -> None:
    execution = finished(twins)
    twins.clock.advance(3)
    persist(twins.ports, execution.id)
    row = twins.now(execution)
    assert (row.state, row.result_id, row.ended_at) == (
        State.COMPLETED,
        execution.pod,
        twins.clock(),
    )
    result = twins.store.results.get(execution.pod)
    assert result is not None
    assert (result.execution_id, result.report) == (execution.id, REPORT)
    assert result.output.run is not None
    assert result.output.run.stdout == b"1\n"


def test_a_completed_row_says_that_a_limit_stopped_the_compiler(twins: Twins) -> None:
    stopped = a_report(stopped_by=Limit.WALL).run
    execution = created(twins, Script(ends=Report(compile=stopped, runs=())))
    assert poll(twins.ports, execution.id) is True
    persist(twins.ports, execution.id)
    message = Report(compile=stopped, runs=()).message
    assert message
    assert state_and_message(twins, execution) == (State.COMPLETED, message)


def lose(twins: Twins, execution: Execution, what: str) -> None:
    if what == "pod":
        twins.runtime.lose(execution.pod)
    elif what == "report":
        twins.runtime.report(execution.pod, report=None)
    else:
        twins.runtime.report(execution.pod, ended_at=twins.clock() + 1)


@pytest.mark.parametrize("what", ["pod", "report", "run"])
def test_a_result_that_is_lost_before_it_was_stored_ends_the_attempt(
    twins: Twins, what: str
) -> None:
    execution = finished(twins)
    lose(twins, execution, what)
    persist(twins.ports, execution.id)
    assert state_and_message(twins, execution) == (
        State.QUEUED,
        "the program's output was lost before it was stored",
    )


def test_output_that_is_lost_before_it_was_stored_ends_the_attempt() -> None:
    twins = make_twins(runtime=WithoutOutput())
    execution = finished(twins)
    persist(twins.ports, execution.id)
    assert twins.now(execution).state is State.QUEUED


class Undeletable(MemoryRuntime):
    def delete(self, name: str) -> None:
        raise RuntimeUnavailable(f"{name} can't be deleted now")


def test_a_completed_row_stays_due_until_it_is_cleaned_up() -> None:
    twins = make_twins(runtime=Undeletable())
    execution = finished(twins)
    with pytest.raises(RuntimeUnavailable):
        persist(twins.ports, execution.id)
    assert twins.now(execution).state is State.COMPLETED
    assert next_look(twins, execution) == STEP_TIMEOUT


# Ending an attempt, and clearing up


def test_an_attempt_ends_as_of_now(twins: Twins) -> None:
    execution = running(twins)
    twins.clock.advance(3)
    saga.end_attempt(twins.ports, execution, Fault.POD_GONE)
    assert twins.store.executions.events(execution.id)[-1].time == twins.clock()
    assert 1.6 <= next_look(twins, execution) <= 2.4, "the first back-off"


def test_a_failed_row_says_when_and_leaves_one_letter(twins: Twins) -> None:
    execution = running(twins)
    twins.clock.advance(3)
    saga.end_attempt(twins.ports, execution, Fault.POD_GONE, final=True)
    row = twins.now(execution)
    assert (row.state, row.ended_at) == (State.FAILED, twins.clock())
    assert twins.store.executions.events(row.id)[-1].time == twins.clock()
    (letter,) = twins.store.dead_letters.page(None, None, None, 10)
    assert (letter.kind, letter.execution_id) == (DeadLetterKind.EXHAUSTED, execution.id)


def test_a_failed_row_stays_due_until_it_is_cleaned_up(twins: Twins) -> None:
    execution = running(twins)
    twins.runtime.unavailable = True
    with pytest.raises(RuntimeUnavailable):
        saga.end_attempt(twins.ports, execution, Fault.POD_GONE, final=True)
    assert next_look(twins, execution) == STEP_TIMEOUT


def test_only_a_failure_leaves_a_letter(twins: Twins, worker: Worker) -> None:
    completed, cancelled = twins.submit(), twins.submit()
    cancel(twins.ports, cancelled)
    worker.run_all()
    assert twins.now(completed).state is State.COMPLETED
    assert twins.store.dead_letters.page(None, None, None, 10) == []


@pytest.mark.parametrize("succeeds", [True, False])
def test_a_retry_that_completes_resolves_the_letter(
    twins: Twins, worker: Worker, succeeds: bool
) -> None:
    failed = running(twins)
    saga.end_attempt(twins.ports, failed, Fault.POD_GONE, final=True)
    twins.runtime.script = lambda _: Script()
    again = retry(twins.ports, twins.now(failed))
    if not succeeds:
        cancel(twins.ports, again)
    worker.run_all()
    (letter,) = twins.store.dead_letters.page(None, None, None, 10)
    resolved = letter.status is DeadLetterStatus.RESOLVED
    assert resolved is succeeds


def test_compensating_what_is_settled_or_not_ended_or_unknown_does_nothing(
    twins: Twins, worker: Worker
) -> None:
    execution = running(twins)
    compensate(twins.ports, execution.id)
    compensate(twins.ports, "01JUNKNOWN")
    assert twins.runtime.list_pods() == [execution.pod]
    cancel(twins.ports, execution)
    worker.run_all()
    assert twins.now(execution).next_action_at is None
    twins.runtime.unavailable = True
    compensate(twins.ports, execution.id)


def test_an_execution_without_an_attempt_has_no_pod_to_delete(twins: Twins) -> None:
    execution = twins.submit()
    twins.runtime.unavailable = True
    cancel(twins.ports, execution)
    compensate(twins.ports, execution.id)
    assert twins.now(execution).next_action_at is None
