"""Dead letters: one for each thing that fails, retried on a schedule, then kept."""

from dataclasses import replace
from typing import cast

import pytest

from app.domain.chain import COMPENSATE, CREATE
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus, LetterFilter
from app.domain.errors import BrokerUnavailable, Conflict, NotFound, StoreUnavailable
from app.domain.execution import Execution, State
from app.infrastructure.memory.dead_letters import MemoryDeadLetters
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.infrastructure.memory.runtime import Script
from app.infrastructure.memory.store import MemoryStore
from app.service import dead_letter_retries, dead_letters, retention
from app.service.cancel import cancel
from app.service.dead_letter_bulk import LetterAction, LettersDone, letters_in_bulk
from app.service.relay import relay
from app.service.retry import retry
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_dead_letter, a_key, a_message, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

RETRY, DISCARD = LetterAction.RETRY, LetterAction.DISCARD


def the_letter(twins: Twins) -> DeadLetter:
    (letter,) = twins.store.dead_letters.page(None, None, None, 10)
    return letter


def exhausted(twins: Twins, worker: Worker) -> Execution:
    """An execution that the test's runtime never runs."""
    execution = submit(twins.ports, a_key(), a_submission(language="cobol"))
    worker.run_all()
    row = twins.store.executions.get(execution.id)
    assert row is not None
    assert row.state is State.FAILED
    return row


def next_tick(twins: Twins, worker: Worker, seconds: float = 7200) -> None:
    twins.clock.advance(seconds)
    dead_letter_retries.process(twins.ports)
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
    newest = twins.store.executions.get(letter.execution_id or "")
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
    old, new = (
        twins.store.executions.get(execution.id),
        twins.store.executions.get(letter.execution_id or ""),
    )
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
    letter = dead_letter_retries.retry_letter(twins.ports, the_letter(twins).id)
    assert letter.status is DeadLetterStatus.RETRYING
    assert letter.execution_id != first.id
    worker.run_all()
    assert the_letter(twins).status is DeadLetterStatus.WAITING


def test_discarded_it_stays_to_be_seen_and_is_left_alone(twins: Twins, worker: Worker) -> None:
    exhausted(twins, worker)
    dead_letter_retries.discard(twins.ports.store.dead_letters, the_letter(twins).id)
    for _ in range(3):
        next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.DISCARDED
    assert the_letter(twins).retries == 0


def test_many_are_retried_by_status_and_kind(twins: Twins, worker: Worker) -> None:
    for _ in range(3):
        exhausted(twins, worker)
    dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    exhausted_ones = LetterFilter(kind=DeadLetterKind.EXHAUSTED)
    counted = letters_in_bulk(twins.ports, RETRY, exhausted_ones, 2, dry_run=True)
    assert counted == LettersDone(remaining=3)
    retried = letters_in_bulk(twins.ports, RETRY, exhausted_ones, 2, dry_run=False)
    assert retried == LettersDone(done=2, remaining=1)
    rest = letters_in_bulk(twins.ports, RETRY, exhausted_ones, 2, dry_run=False)
    assert rest == LettersDone(done=1, remaining=0)


def test_many_are_discarded_by_status_and_kind(twins: Twins) -> None:
    letters = [a_dead_letter() for _ in range(3)]
    archived = a_dead_letter(status=DeadLetterStatus.ARCHIVED)
    for letter in (*letters, archived):
        twins.store.dead_letters.put(letter)
    done = letters_in_bulk(twins.ports, DISCARD, LetterFilter(), 2, dry_run=False)
    assert done == LettersDone(done=2, remaining=1)
    assert twins.store.dead_letters.count()[DeadLetterStatus.DISCARDED] == 2
    assert twins.store.dead_letters.get(archived.id) == archived


def test_a_retry_of_many_looks_past_those_that_can_not_be_retried(twins: Twins) -> None:
    gone = [a_dead_letter(id=f"z{number}") for number in range(120)]
    dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    for letter in gone:
        twins.store.dead_letters.put(letter)
    done = letters_in_bulk(twins.ports, RETRY, LetterFilter(), 1, dry_run=False)
    assert done == LettersDone(done=1, skipped=120, remaining=120)


def test_a_letter_whose_execution_was_removed_is_archived() -> None:
    twins = make_twins(retention_seconds=24 * 3600)
    worker = Worker(twins.ports)
    exhausted(twins, worker)
    twins.clock.advance(25 * 3600)
    relay(twins.ports)
    retention.remove_old(twins.ports)
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.ARCHIVED
    with pytest.raises(Conflict, match="discard it"):
        dead_letter_retries.retry_letter(twins.ports, the_letter(twins).id)


def test_there_is_no_letter_of_that_id(twins: Twins) -> None:
    with pytest.raises(NotFound):
        dead_letter_retries.retry_letter(twins.ports, "nothing")
    with pytest.raises(NotFound):
        dead_letter_retries.discard(twins.ports.store.dead_letters, "nothing")


# Unexpected errors of a step


def test_a_step_that_failed_is_retried_and_resolved_once_the_execution_ended(
    twins: Twins, worker: Worker
) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    while worker.next_link() != CREATE:
        worker.run_one()
    worker.drop_messages()
    for _ in range(3):
        dead_letters.record_task_error(
            twins.ports, CREATE, execution.id, "KeyError: 'x'", "a.py:1 in f"
        )
    assert the_letter(twins).traceback == "a.py:1 in f"
    assert (the_letter(twins).attempts, the_letter(twins).origin) == (3, CREATE)

    next_tick(twins, worker, seconds=61 * 1.2)
    row = twins.store.executions.get(execution.id)
    assert row is not None
    # The start deadline passed meanwhile, so the retried step ended the attempt.
    assert row.state is State.QUEUED
    assert the_letter(twins).status is DeadLetterStatus.RETRYING

    cancel(twins.ports, row)
    worker.run_all()
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.RESOLVED


def test_a_step_that_clears_away_is_done_when_all_is_cleared_away(
    twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    cancel(twins.ports, cast(Execution, twins.store.executions.get(execution.id)))
    worker.drop_messages()
    dead_letters.record_task_error(twins.ports, COMPENSATE, execution.id, "KeyError: 'x'")

    twins.clock.advance(61 * 1.2)
    dead_letter_retries.process(twins.ports)
    assert the_letter(twins).status is DeadLetterStatus.RETRYING
    worker.run_all()
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.RESOLVED
    assert twins.runtime.list_pods() == []


# Poison


def test_the_same_poison_is_one_letter_and_goes_back_to_its_queue(
    twins: Twins, worker: Worker
) -> None:
    first, second = a_message(task="newer", id="1"), a_message(task="newer", id="2")
    for item in (first, second):
        dead_letters.record_poison(twins.ports, "pods", item, "unknown task")
    assert the_letter(twins).attempts == 2

    next_tick(twins, worker)
    assert twins.pipeline.resent == [("pods", first)]
    assert the_letter(twins).status is DeadLetterStatus.RETRYING
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.RESOLVED, "it did not come back"


def test_another_task_with_the_same_arguments_is_another_letter(twins: Twins) -> None:
    for task in ("one", "two"):
        dead_letters.record_poison(twins.ports, "pods", a_message(task=task), "unknown task")
    assert len(twins.store.dead_letters.page(None, None, None, 10)) == 2


def test_poison_that_comes_back_waits_again(twins: Twins, worker: Worker) -> None:
    for _ in range(10):
        dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
        next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.ARCHIVED


def test_poison_that_comes_back_while_it_is_sent_waits_again(twins: Twins) -> None:
    class FailsAtOnce(MemoryPipeline):
        def resend(self, queue: str, item: bytes) -> None:
            dead_letters.record_poison(ports, queue, item, "unknown task")

    ports = replace(twins.ports, pipeline=FailsAtOnce())
    dead_letters.record_poison(ports, "pods", a_message(), "unknown task")
    letter = dead_letter_retries.retry_letter(ports, the_letter(twins).id)
    assert (letter.status, letter.retries, letter.attempts) == (DeadLetterStatus.WAITING, 1, 2)


def test_with_the_broker_away_poison_is_not_sent_and_waits(twins: Twins, worker: Worker) -> None:
    dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    twins.pipeline.unavailable = True
    for _ in range(10):
        with pytest.raises(BrokerUnavailable):
            next_tick(twins, worker)
    letter = the_letter(twins)
    assert (letter.status, letter.retries) == (DeadLetterStatus.WAITING, 0)
    assert (letter.next_retry_at or 0) > twins.clock()

    twins.pipeline.unavailable = False
    next_tick(twins, worker)
    assert len(twins.pipeline.resent) == 1


class Killed(BaseException):
    """What a SIGKILL leaves undone."""


def test_a_worker_that_dies_while_it_sends_poison_leaves_it_waiting(
    twins: Twins, worker: Worker
) -> None:
    class Kills(MemoryPipeline):
        def resend(self, queue: str, item: bytes) -> None:  # noqa: ARG002  # the port's signature
            raise Killed

    dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    with pytest.raises(Killed):
        dead_letter_retries.retry_letter(
            replace(twins.ports, pipeline=Kills()), the_letter(twins).id
        )
    next_tick(twins, worker)
    assert len(twins.pipeline.resent) == 1


@pytest.mark.parametrize(
    ("queue", "item"),
    [
        ("pods", a_message(b"x" * 100_000)),
        ("pods", b"no JSON"),
        ("pods", b"[" * 15_000),
        ("pods", a_message(b"no JSON")),
        ("pods", a_message(b"[" * 5_000)),
        ("pods", a_message(content_type="application/x-python-serialize")),
        ("pods", a_message().replace(b'"base64"', b'"rot13"')),
        ("nobody", a_message()),
    ],
    ids=["cut", "no message", "too deep", "body", "body too deep", "type", "encoding", "queue"],
)
def test_poison_that_no_worker_could_ever_read_is_archived_at_once(
    twins: Twins, worker: Worker, queue: str, item: bytes
) -> None:
    dead_letters.record_poison(twins.ports, queue, item, "undecodable")
    with pytest.raises(Conflict, match="discard it"):
        dead_letter_retries.retry_letter(twins.ports, the_letter(twins).id)
    assert letters_in_bulk(twins.ports, RETRY, LetterFilter(), 10, dry_run=False).done == 0
    next_tick(twins, worker)
    assert the_letter(twins).status is DeadLetterStatus.ARCHIVED
    assert twins.pipeline.resent == []


# The store


class LettersThatAreAway(MemoryDeadLetters):
    unavailable = False

    def put(self, letter: DeadLetter) -> bool:
        if self.unavailable:
            raise StoreUnavailable("the database is unavailable")
        return super().put(letter)


def test_while_the_database_is_unavailable_a_letter_is_parked_and_stored_later() -> None:
    store = MemoryStore()
    letters = store.dead_letters = LettersThatAreAway()
    twins = make_twins(store=store)
    letters.unavailable = True
    dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    letters.unavailable = False
    assert store.dead_letters.page(None, None, None, 10) == []
    dead_letter_retries.process(twins.ports)
    assert the_letter(twins).kind is DeadLetterKind.POISON
    dead_letter_retries.process(twins.ports)
    assert the_letter(twins).attempts == 1


def test_while_the_database_is_unavailable_an_exhausted_execution_stays_due() -> None:
    store = MemoryStore()
    letters = store.dead_letters = LettersThatAreAway()
    twins = make_twins(store=store)
    worker = Worker(twins.ports)
    execution = submit(twins.ports, a_key(), a_submission(language="cobol"))
    letters.unavailable = True
    worker.run_all()
    row = cast(Execution, store.executions.get(execution.id))
    assert row.state is State.FAILED
    assert row.next_action_at is not None
    assert twins.ports.parking.unpark(10) == [], "Redis may forget it"

    letters.unavailable = False
    twins.clock.advance(60)
    sweep(twins.ports)
    worker.run_all()
    assert the_letter(twins).execution_id == execution.id
    assert cast(Execution, store.executions.get(execution.id)).next_action_at is None


def test_a_failure_is_counted_though_others_write_the_letter_meanwhile() -> None:
    class ComesAndGoes(MemoryDeadLetters):
        """Reports that the letter is missing once, and then that it exists."""

        looks = 0

        def get(self, letter_id: str) -> DeadLetter | None:
            self.looks += 1
            return super().get(letter_id) if self.looks > 1 else None

    store = MemoryStore()
    store.dead_letters = ComesAndGoes()
    twins = make_twins(store=store)
    for _ in range(2):
        dead_letters.record_poison(twins.ports, "pods", a_message(), "unknown task")
    assert the_letter(twins).attempts == 2


# Retrying an execution by hand


def test_a_retry_is_made_once(twins: Twins, worker: Worker) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    with pytest.raises(Conflict, match="once it has ended"):
        retry(twins.ports, execution)
    worker.run_all()
    done = cast(Execution, twins.store.executions.get(execution.id))
    again = retry(twins.ports, done)
    assert (again.retry_of, again.root, again.state) == (done.id, done.id, State.QUEUED)
    assert retry(twins.ports, done).id == again.id


def test_an_erased_program_can_not_be_retried(twins: Twins, worker: Worker) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    twins.store.executions.erase(execution.id)
    with pytest.raises(Conflict, match="erased"):
        retry(twins.ports, cast(Execution, twins.store.executions.get(execution.id)))
