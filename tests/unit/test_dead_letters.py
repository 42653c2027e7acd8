"""The dead letter queue: one letter for each thing that fails, retried on a schedule, then kept."""

from typing import cast

import pytest

from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.records import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.infrastructure.memory.runtime import Script
from app.infrastructure.memory.store import MemoryStore
from app.service import dead_letters
from app.service.cancel import cancel
from app.service.retry import retry
from app.service.submit import submit
from app.service.sweep import sweep
from tasks.pipeline import CREATE
from tests.builders import a_key, a_submission
from tests.twins import Twins, make_twins
from tests.worker import Worker


def the_letter(twins: Twins) -> DeadLetter:
    (letter,) = twins.store.list_dead_letters(None, None, None, 10)
    return letter


def exhausted(twins: Twins, worker: Worker) -> Execution:
    """An execution that no runtime of ours will ever run."""
    execution = submit(twins.ports, a_key(), a_submission(language="cobol"))
    worker.run_all()
    row = twins.store.get(execution.id)
    assert row is not None
    assert row.state is State.FAILED
    return row


def next_tick(twins: Twins, worker: Worker, seconds: float = 7200) -> None:
    twins.clock.advance(seconds)
    dead_letters.process(twins.ports)
    worker.run_all()


def test_what_fails_for_ever_makes_one_letter_and_ends_archived(
    twins: Twins, worker: Worker
) -> None:
    first = exhausted(twins, worker)
    for _ in range(20):
        next_tick(twins, worker)

    letter = the_letter(twins)
    assert letter.id == f"exhausted.{first.id}"
    assert letter.status is DeadLetterStatus.ARCHIVED
    assert (letter.retries, letter.attempts) == (5, 6)
    assert letter.next_retry_at is None
    assert letter.first_failed_at < letter.last_failed_at
    # Each retry was a new execution that names the one before it.
    newest = twins.store.get(letter.execution_id or "")
    assert newest is not None
    assert newest.root == first.id
    assert newest.retry_of not in {None, first.id}


def test_a_retry_that_completes_resolves_the_letter(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(starts=False)
    execution = submit(twins.ports, a_key(), a_submission())
    for _ in range(200):
        worker.run_all()
        twins.clock.advance(10)
        sweep(twins.ports)
    assert the_letter(twins).execution_id == execution.id

    twins.runtime.script = lambda _: Script()
    next_tick(twins, worker)

    letter = the_letter(twins)
    assert letter.status is DeadLetterStatus.RESOLVED
    old, new = twins.store.get(execution.id), twins.store.get(letter.execution_id or "")
    assert old is not None
    assert new is not None
    assert (old.state, old.retried_as) == (State.FAILED, new.id)
    assert (new.state, new.retry_of) == (State.COMPLETED, old.id)


def test_retries_come_with_growing_pauses(twins: Twins, worker: Worker) -> None:
    exhausted(twins, worker)
    pauses = []
    while (due := the_letter(twins).next_retry_at) is not None:
        pauses.append((due - twins.clock()) / 1_000_000)
        next_tick(twins, worker, seconds=pauses[-1] + 1)
    for number, pause in enumerate(pauses):
        assert 0.8 * 60 * 2**number <= pause <= 1.2 * 60 * 2**number


def test_before_its_time_nothing_is_retried(twins: Twins, worker: Worker) -> None:
    exhausted(twins, worker)
    next_tick(twins, worker, seconds=30)
    assert the_letter(twins).retries == 0


def test_an_operator_retries_at_once(twins: Twins, worker: Worker) -> None:
    first = exhausted(twins, worker)
    letter = dead_letters.retry_letter(twins.ports, the_letter(twins).id)
    assert letter.status is DeadLetterStatus.RETRYING
    assert letter.execution_id != first.id
    worker.run_all()
    assert the_letter(twins).status is DeadLetterStatus.WAITING


def test_discarded_it_stays_to_be_seen_and_is_left_alone(twins: Twins, worker: Worker) -> None:
    exhausted(twins, worker)
    dead_letters.discard(twins.ports, the_letter(twins).id)
    for _ in range(3):
        next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.DISCARDED
    assert the_letter(twins).retries == 0


def test_many_are_retried_by_status_and_kind(twins: Twins, worker: Worker) -> None:
    for _ in range(3):
        exhausted(twins, worker)
    dead_letters.record_poison(twins.ports, "pods", b"{}", "unknown task")
    retried = dead_letters.retry_letters(twins.ports, None, DeadLetterKind.EXHAUSTED, 100)
    assert retried == 3


def test_there_is_no_letter_of_that_id(twins: Twins) -> None:
    with pytest.raises(NotFound):
        dead_letters.retry_letter(twins.ports, "nothing")
    with pytest.raises(NotFound):
        dead_letters.discard(twins.ports, "nothing")


# Unexpected errors of a step


def test_a_step_that_failed_is_retried_and_resolved_once_the_execution_ended(
    twins: Twins, worker: Worker
) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    while worker.next_link() != CREATE:
        worker.run_one()
    worker.drop_messages()
    for _ in range(3):
        dead_letters.record_task_error(twins.ports, CREATE, execution.id, "KeyError: 'x'")
    assert (the_letter(twins).attempts, the_letter(twins).origin) == (3, CREATE)

    next_tick(twins, worker, seconds=61 * 1.2)
    row = twins.store.get(execution.id)
    assert row is not None
    # The start deadline passed meanwhile, so the retried step ended the attempt.
    assert row.state is State.QUEUED
    assert the_letter(twins).status is DeadLetterStatus.RETRYING

    cancel(twins.ports, row)
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.RESOLVED


# Poison


def test_the_same_poison_is_one_letter_and_goes_back_to_its_queue(
    twins: Twins, worker: Worker
) -> None:
    for _ in range(2):
        dead_letters.record_poison(twins.ports, "pods", b'[["x"], {}, {}]', "unknown task")
    assert the_letter(twins).attempts == 2

    next_tick(twins, worker)
    assert twins.pipeline.resent == [("pods", b'[["x"], {}, {}]')]
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.RESOLVED, "it did not come back"


def test_poison_that_comes_back_waits_again(twins: Twins, worker: Worker) -> None:
    for _ in range(10):
        dead_letters.record_poison(twins.ports, "pods", b"{}", "unknown task")
        next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.ARCHIVED


def test_poison_that_is_too_long_is_kept_cut_and_not_retried(twins: Twins, worker: Worker) -> None:
    dead_letters.record_poison(twins.ports, "pods", b"x" * 100_000, "undecodable")
    with pytest.raises(Conflict, match="cut"):
        dead_letters.retry_letter(twins.ports, the_letter(twins).id)
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.ARCHIVED


class StoreThatIsAway(MemoryStore):
    away = False

    def put_dead_letter(self, letter: DeadLetter) -> bool:
        if self.away:
            raise StoreUnavailable("the database is away")
        return super().put_dead_letter(letter)


def test_with_the_database_away_a_letter_is_parked_and_stored_later() -> None:
    store = StoreThatIsAway()
    twins = make_twins(store=store)
    store.away = True
    dead_letters.record_poison(twins.ports, "pods", b"{}", "unknown task")
    store.away = False
    assert store.list_dead_letters(None, None, None, 10) == []
    dead_letters.process(twins.ports)
    assert the_letter(twins).kind is DeadLetterKind.POISON
    dead_letters.process(twins.ports)
    assert the_letter(twins).attempts == 1


# Retrying an execution by hand


def test_a_retry_is_made_once(twins: Twins, worker: Worker) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    with pytest.raises(Conflict, match="once it has ended"):
        retry(twins.ports, execution)
    worker.run_all()
    done = cast(Execution, twins.store.get(execution.id))
    again = retry(twins.ports, done)
    assert (again.retry_of, again.root, again.state) == (done.id, done.id, State.QUEUED)
    assert retry(twins.ports, done).id == again.id


def test_an_erased_program_can_not_be_retried(twins: Twins, worker: Worker) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    twins.store.erase(execution.id)
    with pytest.raises(Conflict, match="erased"):
        retry(twins.ports, cast(Execution, twins.store.get(execution.id)))
