"""What every store does with batches, and with the executions of one."""

from dataclasses import replace

from app.domain.batch import Batch
from app.domain.execution import SECOND, Event, Execution, State
from app.domain.filters import ExecutionFilter
from app.domain.submission import Priority, Submission
from app.ports import Store
from tests.contracts.racing import race
from tests.contracts.rows import LATER, applied, nonzero
from tests.support.builders import NOW, a_batch, a_submission, accepted, an_id

RACERS = 8
New = tuple[Execution, Submission, Event]


def put_batch(store: Store, count: int = 2, **facts: object) -> tuple[Batch, list[New]]:
    """Store a batch, but none of its executions yet."""
    batch_id = an_id()
    new = [
        accepted(a_submission(stdin=b"%d" % number, labels={"n": str(number)}), batch_id=batch_id)
        for number in range(count)
    ]
    batch = a_batch(*(execution.id for execution, _, _ in new), id=batch_id, **facts)
    assert store.batches.put(batch, {row.id: submission for row, submission, _ in new})
    return batch, new


def rows_of(new: list[New]) -> list[tuple[Execution, Event]]:
    return [(execution, event) for execution, _, event in new]


def inserted(store: Store, batch: Batch) -> list[Execution]:
    return store.executions.page(ExecutionFilter(batch=batch.id), None, 1_000)[::-1]


class TestPut:
    def test_gives_back_what_was_written_with_the_programs(self, store: Store) -> None:
        batch, new = put_batch(store)
        assert store.batches.get(batch.id) == batch
        for execution, submission, _ in new:
            assert store.executions.submission(execution.id) == submission
            assert store.executions.get(execution.id) is None
        assert nonzero(store) == {}
        assert store.batches.get(an_id()) is None

    def test_changes_nothing_if_the_id_is_taken(self, store: Store) -> None:
        batch, new = put_batch(store)
        other = replace(batch, owner="bob")
        programs = {new[0][0].id: a_submission(stdin=b"other")}
        assert not store.batches.put(other, programs)
        assert store.batches.get(batch.id) == batch
        assert store.executions.submission(new[0][0].id) == new[0][1]

    def test_continues_what_an_interrupted_one_left(self, store: Store) -> None:
        """A store without transactions may have the programs and no batch."""
        execution, submission, _ = accepted()
        left = a_batch(execution.id)
        assert store.batches.put(left, {execution.id: submission})
        again = a_batch(execution.id)
        assert store.batches.put(again, {execution.id: submission})
        assert store.batches.get(again.id) == again

    def test_accepts_a_batch_of_which_everything_was_refused(self, store: Store) -> None:
        batch = a_batch()
        assert store.batches.put(batch, {})
        assert store.batches.get(batch.id) == batch
        assert batch.execution_ids == []

    def test_of_one_id_succeeds_once_among_many(self, store: Store) -> None:
        batch = a_batch()
        won = race(
            RACERS, lambda number: store.batches.put(replace(batch, owner=f"owner {number}"), {})
        )
        assert won.count(True) == 1
        kept = store.batches.get(batch.id)
        assert kept is not None
        assert kept.owner == f"owner {won.index(True)}"


class TestInsertAll:
    def test_writes_the_executions_with_their_events_and_labels(self, store: Store) -> None:
        batch, new = put_batch(store, 3)
        store.executions.insert_all(rows_of(new))
        assert inserted(store, batch) == [execution for execution, _, _ in new]
        for execution, submission, event in new:
            assert store.executions.submission(execution.id) == submission
            assert store.executions.events(execution.id) == [event]
        labelled = ExecutionFilter(labels={"n": "1"}, owner="ada")
        assert store.executions.page(labelled, None, 10) == [new[1][0]]
        assert nonzero(store) == {(State.QUEUED, Priority.NORMAL): 3}
        assert store.counts.unfinished("ada") == 3
        assert [id for id, _ in store.events_to_relay.waiting(10)] == batch.execution_ids

    def test_adds_what_an_interrupted_one_left_out(self, store: Store) -> None:
        batch, new = put_batch(store, 4)
        store.executions.insert_all(rows_of(new[1:3]))
        cancelled = applied(store, new[1][0].cancel(NOW, LATER))
        store.executions.insert_all(rows_of(new))
        rows = [execution for execution, _, _ in new]
        assert inserted(store, batch) == [rows[0], cancelled, *rows[2:]]
        assert len(store.executions.events(cancelled.id)) == 2
        assert store.counts.unfinished("ada") == 3

    def test_leaves_out_what_has_no_program(self, store: Store) -> None:
        """It was removed after it had ended, while another process completed the batch."""
        batch, new = put_batch(store, 1)
        execution, _, event = accepted(batch_id=batch.id)
        store.executions.insert_all([*rows_of(new), (execution, event)])
        assert inserted(store, batch) == [new[0][0]]
        assert store.executions.events(execution.id) == []

    def test_accepts_none(self, store: Store) -> None:
        store.executions.insert_all([])
        assert nonzero(store) == {}

    def test_of_the_same_rows_writes_each_once(self, store: Store) -> None:
        batch, new = put_batch(store, 5)
        race(RACERS, lambda _: store.executions.insert_all(rows_of(new)))
        assert inserted(store, batch) == [execution for execution, _, _ in new]
        assert store.counts.unfinished("ada") == 5


class TestDue:
    def test_are_due_when_their_time_has_come_until_complete(self, store: Store) -> None:
        second, _ = put_batch(store, next_action_at=NOW + 2)
        first, _ = put_batch(store, next_action_at=NOW + 1)
        put_batch(store, next_action_at=NOW + 3)
        assert store.batches.due(NOW + 2, 10) == [first, second]
        assert store.batches.due(NOW + 2, 1) == [first]
        store.batches.mark_complete(first.id)
        assert store.batches.due(NOW + 2, 10) == [second]
        assert store.batches.get(first.id) == first.complete()

    def test_one_that_is_gone_can_be_marked(self, store: Store) -> None:
        store.batches.mark_complete(an_id())


class TestRemoval:
    def test_removes_old_ones_without_executions(self, store: Store) -> None:
        used, new = put_batch(store, created_at=NOW - 3)
        store.executions.insert_all(rows_of(new))
        unused, incomplete, young = (
            a_batch(created_at=NOW - 2),
            a_batch(created_at=NOW - 2),
            a_batch(created_at=NOW),
        )
        for batch in (unused, incomplete, young):
            assert store.batches.put(batch, {})
        for batch in (used, unused, young):
            store.batches.mark_complete(batch.id)
        assert store.batches.remove_created_before(NOW, 10) == 1
        left = [store.batches.get(each.id) for each in (used, unused, incomplete, young)]
        assert left == [used.complete(), None, incomplete, young.complete()]

    def test_removes_them_once_their_executions_are_removed(self, store: Store) -> None:
        batch, new = put_batch(store, 1)
        store.executions.insert_all(rows_of(new))
        store.batches.mark_complete(batch.id)
        row = applied(store, new[0][0].cancel(NOW, LATER))
        store.executions.settle(row)
        store.events_to_relay.mark_relayed(row.id, row.version)
        store.usage.mark_folded([row.id])
        assert len(store.executions.remove_ended_before(NOW + SECOND, 10)) == 1
        assert store.batches.remove_created_before(NOW + SECOND, 10) == 1
        assert store.batches.get(batch.id) is None
