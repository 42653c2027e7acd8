"""Unusual interleavings, and that none breaks anything."""

from collections.abc import Callable

import pytest

from app.domain.api_key import ApiKey
from app.domain.chain import CREATE, PERSIST, POLL
from app.domain.errors import StoreUnavailable
from app.domain.execution import SECOND, Change, Execution, State
from app.domain.pod import Pod
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.runtime import Script, exited
from app.infrastructure.memory.store import MemoryStore
from app.ports import Caps
from app.service import saga
from app.service.admission import entry_of
from app.service.cancel import cancel
from app.service.submit import submit
from app.service.sweep import SLOT_GRACE_SECONDS, check_queue, restart_chains, sweep
from app.service.transitions import STEP_SECONDS
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

ADA: ApiKey = a_key(name="ada")


def submitted(twins: Twins) -> Execution:
    return submit(twins.ports, ADA, a_submission())


def now_of(twins: Twins, execution: Execution) -> Execution:
    row = twins.store.executions.get(execution.id)
    assert row is not None
    return row


def run_up_to(worker: Worker, link: str) -> None:
    while worker.next_link() != link:
        assert worker.run_one()


def tick(twins: Twins, worker: Worker, seconds: float, *, without: str = "") -> None:
    """Run sweeps for this many seconds, without a worker on the queue of one step."""
    for _ in range(int(seconds / 5)):
        twins.clock.advance(5)
        sweep(twins.ports)
        while (link := worker.next_link()) is not None:
            if link == without:
                worker.drop_one()
            else:
                worker.run_one()


def test_without_a_monitor_an_ended_program_waits_for_one(twins: Twins, worker: Worker) -> None:
    """The pod is not deleted at its start deadline, and its tries are not faults."""
    execution = submitted(twins)
    tick(twins, worker, 600, without=POLL)
    assert now_of(twins, execution).state is State.STARTING
    assert len(twins.runtime.created) == 1

    tick(twins, worker, 600)
    done = now_of(twins, execution)
    assert (done.state, done.attempt) == (State.COMPLETED, 1)


def test_a_slot_that_redis_does_not_know_of_is_held_again(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    running = submitted(twins)
    worker.run_all()
    twins.admission.leave(running.id, twins.clock())
    twins.clock.advance(STEP_SECONDS + 1)
    restart_chains(twins.ports)
    assert twins.admission.slots_used() == 1


def test_a_late_clean_up_does_not_take_the_next_attempts_slot(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    worker.run_all()
    first = now_of(twins, execution)
    twins.runtime.fault(first.pod)
    twins.pipeline.start(execution.id, State.RUNNING)
    worker.run_all()
    queued_again = now_of(twins, execution)
    tick(twins, worker, 10)
    assert now_of(twins, execution).state is State.RUNNING

    saga.clean_up(twins.ports, queued_again)

    assert twins.admission.slots_used() == 1


class LosesAnswers(MemoryExecutions):
    """The next `apply` raises an error, before or after it has written."""

    fails: Callable[[Change], bool] | None = None

    def apply(self, change: Change) -> bool:
        if self.fails is None:
            return super().apply(change)
        done, self.fails = self.fails, None
        done(change)
        raise StoreUnavailable("the answer was lost")


def test_an_admission_whose_answer_is_lost_holds_its_slot_again() -> None:
    store = MemoryStore()
    executions = store.executions = LosesAnswers(store.tables)
    twins = make_twins(store=store, max_running=1)
    worker = Worker(twins.ports)
    twins.runtime.script = lambda _: Script(ends=None)
    first, second = submitted(twins), submitted(twins)
    executions.fails = lambda change: MemoryExecutions.apply(executions, change)
    tick(twins, worker, 60)
    states = {now_of(twins, execution).state for execution in (first, second)}
    assert State.RUNNING in states
    assert twins.admission.slots_used() >= 1


def test_what_was_taken_and_not_admitted_goes_back_into_the_queue() -> None:
    """As after a SIGKILL between take and compare-and-set."""
    twins = make_twins(max_running=1)
    worker = Worker(twins.ports)
    execution = submitted(twins)
    worker.drop_messages()
    twins.admission.enter([entry_of(execution)])
    assert twins.admission.take(Caps(1, 1), twins.clock(), 1) == [execution.id]
    tick(twins, worker, SLOT_GRACE_SECONDS + 10)
    assert now_of(twins, execution).state is State.COMPLETED


def test_many_ended_rows_do_not_keep_a_live_one_waiting(twins: Twins, worker: Worker) -> None:
    live = submitted(twins)
    run_up_to(worker, CREATE)
    worker.drop_messages()
    twins.runtime.unavailable = True  # so that nothing of the cancelled ones can be cleaned up
    for _ in range(1000):
        cancelled = submitted(twins)
        cancel(twins.ports, cancelled)
    worker.drop_messages()
    twins.runtime.unavailable = False
    tick(twins, worker, 20)
    assert now_of(twins, live).state is State.COMPLETED


def test_a_long_queue_does_not_keep_the_next_attempt_out() -> None:
    twins = make_twins(max_unfinished_per_owner=5000)
    worker = Worker(twins.ports)
    twins.runtime.script = lambda pod: Script(ends=None if pod.name.endswith("-1") else exited())
    unlucky = submitted(twins)
    worker.run_all()
    for _ in range(1500):
        submitted(twins)
    twins.runtime.fault(now_of(twins, unlucky).pod)
    twins.pipeline.start(unlucky.id, State.RUNNING)
    while now_of(twins, unlucky).state is State.RUNNING:
        worker.run_one()
    twins.clock.advance(15)
    check_queue(twins.ports)
    assert twins.admission.contains([unlucky.id]) == [True]


def test_the_result_is_of_the_run_that_was_judged(twins: Twins, worker: Worker) -> None:
    """A late duplicate made the pod anew after the runtime had lost it."""
    twins.runtime.script = lambda _: Script(ends=exited(1))
    execution = submitted(twins)
    run_up_to(worker, PERSIST)
    pod = now_of(twins, execution).pod
    twins.runtime.lose(pod)
    twins.clock.advance(1)
    twins.runtime.script = lambda _: Script(prints=b"two")
    twins.runtime.create(Pod.of(pod, a_submission()))
    worker.run_one()
    again = now_of(twins, execution)
    assert (again.state, again.result_id) == (State.QUEUED, None)


def test_a_program_that_never_ends_does_not_hold_its_slot_for_ever(
    twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    tick(twins, worker, 600)
    failed = now_of(twins, execution)
    assert (failed.state, failed.attempt) == (State.FAILED, 3)
    assert failed.message == "the runtime did not end the program at its time limit"
    assert twins.admission.slots_used() == 0


@pytest.mark.parametrize("seconds", [5, 60])
def test_a_program_within_its_limits_is_left_alone(
    twins: Twins, worker: Worker, seconds: float
) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submitted(twins)
    tick(twins, worker, seconds)
    running = now_of(twins, execution)
    assert (running.state, running.attempt) == (State.RUNNING, 1)
    assert (running.next_action_at or 0) <= twins.clock() + 10 * SECOND
