"""Submissions are accepted once per Idempotency-Key, within quotas, whatever is unavailable."""

from collections import Counter
from threading import Barrier

import pytest

from app.domain.errors import CoordinationUnavailable, Gone, IdempotencyMismatch, QuotaExceeded
from app.domain.execution import SECOND, Event, Execution
from app.domain.filters import ExecutionFilter
from app.domain.submission import Submission
from app.infrastructure.clock import now
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.counts import MemoryCounts
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.store import MemoryStore
from app.infrastructure.memory.tables import Tables
from app.service.cancel import cancel
from app.service.relay import relay
from app.service.retention import erase, remove_old
from app.service.submit import submit
from tests.contracts.racing import race
from tests.support.builders import a_key, a_submission, an_id
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

ADA = a_key(name="ada")
CLIENTS = 12


def test_the_same_key_and_body_are_one_execution(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    again = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    assert again.id == first.id
    assert twins.store.counts.unfinished("ada") == 1


def test_the_same_key_with_another_body_is_refused(twins: Twins) -> None:
    submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    with pytest.raises(IdempotencyMismatch, match="another body"):
        submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="other")


def test_keys_of_two_owners_do_not_meet(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    second = submit(
        twins.ports, a_key(name="bob"), a_submission(), idempotency_key="k", body_hash="h"
    )
    assert first.id != second.id


def test_after_a_day_the_key_is_new_again(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    twins.clock.advance(24 * 3600 + 1)
    second = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="other")
    assert first.id != second.id


class TestADeletedExecution:
    def submit(self, twins: Twins, body_hash: str = "h") -> Execution:
        return submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash=body_hash)

    def deleted(self, twins: Twins) -> Execution:
        execution = cancel(twins.ports, self.submit(twins))
        erase(twins.store.executions, twins.blobs, execution)
        return execution

    def test_is_gone_for_its_key(self, twins: Twins) -> None:
        self.deleted(twins)
        for _ in range(2):
            with pytest.raises(Gone, match="send a new key"):
                self.submit(twins)
        assert twins.store.counts.unfinished("ada") == 0

    def test_leaves_the_key_to_its_body(self, twins: Twins) -> None:
        self.deleted(twins)
        with pytest.raises(IdempotencyMismatch):
            self.submit(twins, body_hash="other")

    def test_leaves_the_key_usable_after_a_day(self, twins: Twins) -> None:
        execution = self.deleted(twins)
        twins.clock.advance(24 * 3600 + 1)
        assert self.submit(twins, body_hash="other").id != execution.id

    def test_may_be_deleted_while_the_same_is_sent_again(self) -> None:
        twins = make_twins(store=store_with(DeletesBetweenGetAndInsert))
        with pytest.raises(Gone):
            self.submit(twins)
        assert twins.store.counts.unfinished("ada") == 0

    def test_that_retention_removed_is_gone_too(self) -> None:
        """The key was made under longer retention; its id has events in the log already."""
        twins = make_twins(retention_seconds=3600)
        twins.clock.advance((now() - twins.clock()) / SECOND)
        execution = cancel(twins.ports, self.submit(twins))
        Worker(twins.ports).run_all()
        relay(twins.ports)
        twins.clock.advance(3600 + 1)
        remove_old(twins.ports)
        assert twins.store.executions.get(execution.id) is None
        with pytest.raises(Gone):
            self.submit(twins)
        with pytest.raises(IdempotencyMismatch):
            self.submit(twins, body_hash="other")

    def test_differs_from_one_that_was_never_stored(self) -> None:
        """The process that fixed the id died before it could insert the row."""
        twins = make_twins(store=store_with(DiesBeforeItInserts), retention_seconds=3600)
        twins.clock.advance((now() - twins.clock()) / SECOND)
        with pytest.raises(Died):
            self.submit(twins)
        assert self.submit(twins) == twins.store.executions.page(ExecutionFilter(), None, 2)[0]


def store_with(executions: type[MemoryExecutions]) -> MemoryStore:
    store = MemoryStore()
    store.executions = executions(store.tables)
    return store


class DeletesBetweenGetAndInsert(MemoryExecutions):
    """Another request with the key is accepted, cancelled and deleted in between."""

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        assert super().insert(execution, submission, event, durable=durable, quota=quota)
        assert self.apply(execution.cancel(execution.created_at, execution.created_at))
        self.erase(execution.id)
        return super().insert(execution, submission, event, durable=durable, quota=quota)


class Died(BaseException):
    pass


class DiesBeforeItInserts(MemoryExecutions):
    died = False

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        if not self.died:
            self.died = True
            raise Died
        return super().insert(execution, submission, event, durable=durable, quota=quota)


def test_a_refused_submission_leaves_its_key_usable(twins: Twins) -> None:
    twins = make_twins(max_unfinished_per_owner=1)
    submit(twins.ports, ADA, a_submission())
    with pytest.raises(QuotaExceeded):
        submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    Worker(twins.ports).run_all()
    assert submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")


def test_an_owner_has_so_many_unfinished_and_no_more() -> None:
    twins = make_twins(max_unfinished_per_owner=2)
    for _ in range(2):
        submit(twins.ports, ADA, a_submission())
    with pytest.raises(QuotaExceeded, match="2 unfinished executions"):
        submit(twins.ports, ADA, a_submission())
    submit(twins.ports, a_key(name="bob"), a_submission())


class CountsTogether(MemoryCounts):
    """Nobody inserts before all have counted."""

    def __init__(self, tables: Tables, counting: int) -> None:
        super().__init__(tables)
        self.all_have_counted = Barrier(counting)

    def unfinished(self, owner: str) -> int:
        counted = super().unfinished(owner)
        self.all_have_counted.wait(60)
        return counted


def test_clients_that_submit_at_once_share_the_quota() -> None:
    store = MemoryStore()
    store.counts = CountsTogether(store.tables, CLIENTS)
    twins = make_twins(store=store, max_unfinished_per_owner=5)

    def refusal(_: int) -> str | None:
        try:
            submit(twins.ports, ADA, a_submission())
        except QuotaExceeded as error:
            return str(error)
        return None

    refusals = Counter(race(CLIENTS, refusal))
    used_up = "your quota of 5 unfinished executions is used up; try again later"
    assert refusals == {None: 5, used_up: CLIENTS - 5}
    assert len(store.tables.rows) == 5


def test_a_key_may_have_a_quota_of_its_own(twins: Twins) -> None:
    key = a_key(name="ada", max_unfinished=1)
    submit(twins.ports, key, a_submission())
    with pytest.raises(QuotaExceeded):
        submit(twins.ports, key, a_submission())


def test_all_together_have_a_quota_too() -> None:
    twins = make_twins(max_unfinished=1, max_running=0)
    worker = Worker(twins.ports)
    submit(twins.ports, ADA, a_submission())
    worker.run_all()
    with pytest.raises(QuotaExceeded, match="the service"):
        submit(twins.ports, a_key(name="bob"), a_submission())


class QueueThatIsAway(MemoryAdmissionQueue):
    def length(self) -> int:
        raise CoordinationUnavailable("Redis is unavailable")


def test_with_redis_away_it_is_accepted_all_the_same() -> None:
    twins = make_twins(admission=QueueThatIsAway())
    twins.pipeline.unavailable = True
    execution = submit(twins.ports, ADA, a_submission())
    assert twins.store.executions.get(execution.id) == execution


def test_a_call_that_is_repeated_with_its_id_submits_once(twins: Twins) -> None:
    new_id = an_id()
    calls = [
        submit(twins.ports, a_key(name="ada"), a_submission(), new_id=new_id) for _ in range(2)
    ]
    assert [execution.id for execution in calls] == [new_id, new_id]
    assert len(twins.store.executions.page(ExecutionFilter(), None, 10)) == 1


class TestDurability:
    """Of a submission whose request waits for the end."""

    def test_it_is_durable_at_once_unless_the_caller_waits(self, twins: Twins) -> None:
        waits = submit(twins.ports, ADA, a_submission(), durable=False)
        assert twins.store.tables.not_durable == {waits.id}
        submit(twins.ports, ADA, a_submission())
        assert not twins.store.tables.not_durable

    def test_the_end_makes_it_durable(self, twins: Twins) -> None:
        submit(twins.ports, ADA, a_submission(), durable=False)
        Worker(twins.ports).run_all()
        assert not twins.store.tables.not_durable

    def test_a_repetition_that_does_not_wait_makes_it_durable(self, twins: Twins) -> None:
        def again(*, durable: bool) -> Execution:
            return submit(
                twins.ports,
                ADA,
                a_submission(),
                idempotency_key="k",
                body_hash="h",
                durable=durable,
            )

        first = again(durable=False)
        assert again(durable=False) == first
        assert twins.store.tables.not_durable == {first.id}
        assert again(durable=True) == first
        assert not twins.store.tables.not_durable

    def test_a_repetition_with_the_same_new_id_makes_it_durable(self, twins: Twins) -> None:
        id = an_id()
        first = submit(twins.ports, ADA, a_submission(), new_id=id, durable=False)
        assert submit(twins.ports, ADA, a_submission(), new_id=id) == first
        assert not twins.store.tables.not_durable
