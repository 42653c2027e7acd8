"""One execution through the whole pipeline, and everything that can go wrong on its way."""

from collections import Counter
from dataclasses import replace

import pytest

from app.domain.chain import CREATE, PERSIST, POLL, START
from app.domain.dead_letter import DeadLetterKind
from app.domain.errors import Conflict
from app.domain.execution import TERMINAL, Execution, Outcome, State
from app.domain.pod import Pod
from app.domain.submission import ExpectedOutput, Priority
from app.infrastructure.memory.runtime import MemoryRuntime, Script, exited
from app.service.admission import entry_of, fill_slots
from app.service.cancel import cancel
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

SWEEP_SECONDS = 5
"""Between two sweeps, as celeryconfig.py has it."""


def submitted(twins: Twins, *, owner: str = "ada", **facts: object) -> Execution:
    return submit(twins.ports, a_key(name=owner), a_submission(**facts))


def now_of(twins: Twins, execution: Execution) -> Execution:
    row = twins.store.executions.get(execution.id)
    assert row is not None
    return row


def run_until_terminal(twins: Twins, worker: Worker, *executions: Execution) -> None:
    """Run the sweep, tick by tick, for at most an hour of the service's time."""
    for _ in range(720):
        worker.run_all()
        if all(now_of(twins, execution).state.terminal for execution in executions):
            return
        twins.clock.advance(SWEEP_SECONDS)
        sweep(twins.ports)
    raise AssertionError([now_of(twins, execution).state for execution in executions])


def assert_nothing_left(twins: Twins) -> None:
    assert twins.admission.slots_used() == 0
    assert twins.admission.length() == 0
    assert twins.runtime.list_pods() == []
    assert twins.store.counts.by_state() == {}


def test_a_program_goes_through_the_whole_chain(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(prints=b"1\n")
    execution = submitted(twins)
    assert execution.state is State.QUEUED

    worker.run_all()

    done = now_of(twins, execution)
    assert (done.state, done.outcome, done.exit_code) == (State.COMPLETED, Outcome.SUCCESS, 0)
    assert (done.attempt, done.next_action_at) == (1, None)
    result = twins.store.results.get(done.result_id or "")
    assert result is not None
    assert result.output.run is not None
    assert result.output.run.stdout == b"1\n"
    assert [event.data["state"] for event in twins.store.executions.events(done.id)] == [
        "queued",
        "admitted",
        "starting",
        "finished",
        "completed",
    ]
    assert_nothing_left(twins)


def test_the_chain_is_dropped_while_the_program_runs(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    worker.run_all()
    running = now_of(twins, execution)
    assert running.state is State.RUNNING

    twins.runtime.end(running.pod)
    twins.pipeline.start(execution.id, State.RUNNING)  # as the watcher does
    worker.run_all()

    assert now_of(twins, execution).state is State.COMPLETED
    assert_nothing_left(twins)


@pytest.mark.parametrize(
    ("expected", "outcome"), [(b"1", Outcome.SUCCESS), (b"2", Outcome.WRONG_OUTPUT)]
)
def test_expected_output_decides(
    twins: Twins, worker: Worker, expected: bytes, outcome: Outcome
) -> None:
    twins.runtime.script = lambda _: Script(prints=b"1\n")
    execution = submitted(twins, expected_output=ExpectedOutput(expected))
    worker.run_all()
    assert now_of(twins, execution).outcome is outcome


def test_no_more_run_at_once_than_there_are_slots(worker: Worker, twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    executions = [submitted(twins) for _ in range(5)]
    worker.run_all()
    states = Counter(now_of(twins, execution).state for execution in executions)
    assert states == {State.RUNNING: 2, State.QUEUED: 3}

    twins.runtime.end(now_of(twins, executions[0]).pod)
    twins.pipeline.start(executions[0].id, State.RUNNING)
    worker.run_all()

    # The slot that became free went to the one that came first of those who wait.
    assert now_of(twins, executions[2]).state is State.RUNNING
    assert now_of(twins, executions[3]).state is State.QUEUED


def test_urgent_ones_are_admitted_first(worker: Worker, twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    running = [submitted(twins) for _ in range(2)]
    worker.run_all()
    normal, high = submitted(twins), submitted(twins, priority=Priority.HIGH)
    worker.run_all()
    cancel(twins.ports, now_of(twins, running[0]))
    worker.run_all()
    assert now_of(twins, high).state is State.RUNNING
    assert now_of(twins, normal).state is State.QUEUED


def test_one_program_waits_for_one_slot_beside_an_owner_who_queued_sixty(
    worker: Worker, twins: Twins
) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    crowd = [submitted(twins, owner="ada") for _ in range(60)]
    worker.run_all()
    twins.clock.advance(300)
    single = submitted(twins, owner="bob")
    worker.run_all()
    running = [row for row in crowd if now_of(twins, row).state is State.RUNNING]
    assert now_of(twins, single).state is State.QUEUED

    twins.runtime.end(now_of(twins, running[0]).pod)
    twins.pipeline.start(running[0].id, State.RUNNING)
    worker.run_all()
    assert now_of(twins, single).state is State.RUNNING


def test_a_slot_that_an_ended_execution_can_not_use_goes_to_the_next_at_once(
    worker: Worker, twins: Twins
) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    ended = [now_of(twins, submitted(twins)) for _ in range(3)]
    waits = submitted(twins)
    worker.drop_messages()
    for row in ended:
        cancel(twins.ports, row)
        twins.admission.enter([entry_of(row)])
    worker.drop_messages()
    twins.admission.enter([entry_of(waits)])
    fill_slots(twins.ports)
    assert now_of(twins, waits).state is State.ADMITTED
    assert twins.admission.slots_used() == 1


# Messages that are lost, or come twice


@pytest.mark.parametrize("link", [None, START, CREATE, POLL, PERSIST])
def test_whatever_message_is_lost_the_sweep_continues(
    twins: Twins, worker: Worker, link: str | None
) -> None:
    execution = submitted(twins)
    while link is not None and worker.next_link() != link:
        assert worker.run_one()
    worker.drop_messages()
    assert not now_of(twins, execution).state.terminal

    run_until_terminal(twins, worker, execution)

    done = now_of(twins, execution)
    assert (done.state, done.attempt) == (State.COMPLETED, 1)
    assert_nothing_left(twins)


def test_every_message_twice_changes_nothing(twins: Twins) -> None:
    twice = Worker(twins.ports, copies=2)
    executions = [submitted(twins) for _ in range(20)]
    run_until_terminal(twins, twice, *executions)
    for execution in executions:
        done = now_of(twins, execution)
        assert (done.state, done.attempt) == (State.COMPLETED, 1)
        assert done.version == len(twins.store.executions.events(done.id)) == 5
    assert len(twins.runtime.created) == 20
    assert_nothing_left(twins)


def test_a_lost_redis_is_rebuilt_from_the_database(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    executions = [submitted(twins) for _ in range(5)]
    worker.run_all()
    twins.admission.clear()
    worker.drop_messages()

    late = submitted(twins)
    worker.run_all()
    assert now_of(twins, late).state is State.QUEUED, "nothing is admitted before the rebuild"

    sweep(twins.ports)
    worker.run_all()
    assert twins.admission.slots_used() == 2
    assert twins.admission.length() == 4

    twins.runtime.script = lambda _: Script()
    for name in twins.runtime.list_pods():
        twins.runtime.end(name)
    run_until_terminal(twins, worker, *executions, late)
    assert_nothing_left(twins)


def test_with_the_broker_away_it_is_accepted_and_runs_later(twins: Twins, worker: Worker) -> None:
    twins.pipeline.unavailable = True
    execution = submitted(twins)
    assert execution.state is State.QUEUED
    twins.pipeline.unavailable = False
    run_until_terminal(twins, worker, execution)
    assert now_of(twins, execution).state is State.COMPLETED


# Faults of the infrastructure


def test_a_fault_ends_the_attempt_and_the_next_one_succeeds(twins: Twins, worker: Worker) -> None:
    def first_runs_on(pod: Pod) -> Script:
        return Script(ends=None if pod.name.endswith("-1") else exited(0))

    twins.runtime.script = first_runs_on
    execution = submitted(twins)
    worker.run_all()
    twins.runtime.fault(now_of(twins, execution).pod, "the node was lost")
    twins.pipeline.start(execution.id, State.RUNNING)
    worker.run_all()

    waiting = now_of(twins, execution)
    assert (waiting.state, waiting.message) == (State.QUEUED, "the node was lost")
    assert twins.admission.length() == 0, "it is in no queue before its back-off ends"
    assert twins.runtime.list_pods() == []

    run_until_terminal(twins, worker, execution)
    done = now_of(twins, execution)
    assert (done.state, done.attempt, done.message) == (State.COMPLETED, 2, None)
    assert_nothing_left(twins)


def test_a_pod_that_vanishes_ends_the_attempt(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda pod: Script(ends=None if pod.name.endswith("-1") else exited())
    execution = submitted(twins)
    worker.run_all()
    twins.runtime.lose(now_of(twins, execution).pod)
    run_until_terminal(twins, worker, execution)
    assert now_of(twins, execution).attempt == 2


def test_after_its_attempts_it_fails_and_leaves_one_dead_letter(
    twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _: Script(starts=False)
    execution = submitted(twins)
    run_until_terminal(twins, worker, execution)

    failed = now_of(twins, execution)
    assert (failed.state, failed.attempt, failed.outcome) == (State.FAILED, 3, None)
    assert failed.message == "the program did not start before its start deadline"
    letters = twins.store.dead_letters.page(None, None, None, 10)
    assert [(letter.kind, letter.execution_id) for letter in letters] == [
        (DeadLetterKind.EXHAUSTED, execution.id)
    ]
    assert_nothing_left(twins)


def test_what_the_runtime_can_never_run_fails_at_once(twins: Twins, worker: Worker) -> None:
    execution = submitted(twins, language="cobol")
    worker.run_all()
    failed = now_of(twins, execution)
    assert (failed.state, failed.attempt) == (State.FAILED, 1)
    assert "cobol" in (failed.message or "")


class Killed(BaseException):
    """Stop the step where a SIGKILL would: nothing after it happens."""


def test_a_step_that_kills_its_worker_every_time_ends_the_attempts(
    twins: Twins, worker: Worker
) -> None:
    def kills(_: Pod) -> Script:
        raise Killed

    twins.runtime.script = kills
    execution = submitted(twins)
    for _ in range(2000):
        try:
            worker.run_all()
        except Killed:
            worker.drop_messages()
        if now_of(twins, execution).state.terminal:
            break
        twins.clock.advance(5)
        sweep(twins.ports)
    failed = now_of(twins, execution)
    assert (failed.state, failed.attempt) == (State.FAILED, 3)
    assert twins.runtime.created == []


def test_a_runtime_that_is_away_for_a_while_costs_a_delay_only(
    twins: Twins, worker: Worker
) -> None:
    twins.runtime.unavailable = True
    execution = submitted(twins)
    worker.run_all()
    twins.clock.advance(20)
    sweep(twins.ports)
    worker.run_all()
    assert now_of(twins, execution).state is State.STARTING
    twins.runtime.unavailable = False
    run_until_terminal(twins, worker, execution)
    assert now_of(twins, execution).attempt == 1
    assert_nothing_left(twins)


def test_orphan_pods_go_and_others_stay(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    worker.run_all()
    own = now_of(twins, execution).pod
    orphan = Pod.of(f"{execution.id.lower()}-9", a_submission())
    twins.runtime.create(orphan)
    sweep(twins.ports)
    assert twins.runtime.list_pods() == [own]


def test_many_orphans_that_take_long_to_go_hold_nothing_up(twins: Twins, worker: Worker) -> None:
    class SlowToDelete(MemoryRuntime):
        def delete(self, name: str) -> None:
            twins.clock.advance(4)
            super().delete(name)

    runtime = SlowToDelete(clock=twins.clock)
    ports = replace(twins.ports, runtime=runtime)
    for attempt in range(5):
        runtime.create(Pod.of(f"01jaaaaaaaaaaaaaaaaaaaaaaa-{attempt}", a_submission()))
    execution = submitted(twins)
    worker.run_one()
    worker.drop_messages()
    twins.clock.advance(20)
    sweep(ports)
    assert len(runtime.list_pods()) == 3
    assert twins.pipeline.take() == (execution.id, State.ADMITTED)
    sweep(ports)
    sweep(ports)
    assert runtime.list_pods() == []


# Cancelling


@pytest.mark.parametrize("link", [None, START, CREATE, POLL, PERSIST])
def test_cancelled_before_any_step_it_has_no_result_and_leaves_nothing(
    twins: Twins, worker: Worker, link: str | None
) -> None:
    execution = submitted(twins)
    while link is not None and worker.next_link() != link:
        assert worker.run_one()
    cancelled = cancel(twins.ports, now_of(twins, execution))
    assert cancelled.state is State.CANCELLED
    worker.run_all()

    done = now_of(twins, execution)
    assert (done.state, done.outcome, done.result_id) == (State.CANCELLED, None, None)
    assert done.next_action_at is None
    assert_nothing_left(twins)


def test_cancelled_while_it_runs(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    worker.run_all()
    cancel(twins.ports, now_of(twins, execution))
    worker.run_all()
    assert_nothing_left(twins)


def test_a_pod_made_for_a_cancelled_execution_is_deleted_by_its_creator(twins: Twins) -> None:
    worker = Worker(twins.ports)
    execution = submitted(twins)
    while worker.next_link() != CREATE:
        assert worker.run_one()

    def cancelled_meanwhile(_: Pod) -> Script:
        cancel(twins.ports, now_of(twins, execution))
        return Script(ends=None)

    twins.runtime.script = cancelled_meanwhile
    worker.run_one()
    assert twins.runtime.list_pods() == []


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_what_is_terminal_is_not_cancelled(twins: Twins, worker: Worker, state: State) -> None:
    language = "cobol" if state is State.FAILED else "python"
    execution = submitted(twins, language=language)
    if state is State.CANCELLED:
        cancel(twins.ports, execution)
    worker.run_all()
    assert now_of(twins, execution).state is state
    with pytest.raises(Conflict, match=f"already {state}"):
        cancel(twins.ports, now_of(twins, execution))


def test_two_sweeps_at_once_start_each_chain_once() -> None:
    twins = make_twins()
    for _ in range(2):
        submitted(twins)
    worker = Worker(twins.ports)
    for _ in range(4):
        worker.run_one()
    worker.drop_messages()
    twins.clock.advance(15)
    sweep(twins.ports)
    sweep(twins.ports)
    started = []
    while (message := twins.pipeline.take()) is not None:
        started.append(message)
    assert len(started) == len(set(started)) == 2
