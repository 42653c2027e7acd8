"""Batches: accepted as a whole, completed by whoever finds one half done, nothing twice."""

from contextlib import suppress
from dataclasses import replace
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from app.domain.api_key import ApiKey, Role
from app.domain.batch import MAX_ITEMS, Batch
from app.domain.callback import Callback
from app.domain.errors import (
    Gone,
    IdempotencyMismatch,
    KeyDeleted,
    NotFound,
    QuotaExceeded,
    StoreUnavailable,
)
from app.domain.execution import State
from app.ports import Ports, Store
from app.service import batches
from app.service.batch_stream import BatchEnded, BatchPosition, ExecutionEnded, stream_batch
from app.service.batches import BatchDetails, submit_batch
from app.service.cancel import cancel
from app.service.retention import erase, remove_old
from app.service.stream_items import Heartbeat
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker
from tests.unit.test_interruptions import Interruption, Killed, interrupted

ADA = a_key(name="ada")
COUNT = 4
REFUSED = {"title": "The request is not valid", "status": 422}
DAY = 24 * 3600


def programs(count: int = COUNT) -> list[Any]:
    return [a_submission(stdin=b"%d" % number) for number in range(count)]


def submitted(twins: Twins, count: int = COUNT, **options: Any) -> BatchDetails:
    return submit_batch(twins.ports, ADA, programs(count), **options)


def states(twins: Twins, batch: Batch) -> list[State]:
    rows = [twins.store.executions.get(id) for id in batch.execution_ids]
    return [row.state for row in rows if row is not None]


class TestSubmit:
    def test_accepts_all_and_runs_them(self, twins: Twins) -> None:
        found = submitted(twins)
        assert list(found.executions) == found.batch.execution_ids
        assert states(twins, found.batch) == [State.QUEUED] * COUNT
        assert [row.batch_id for row in found.executions.values()] == [found.batch.id] * COUNT
        assert twins.admission.length() == COUNT
        Worker(twins.ports).run_all()
        assert states(twins, found.batch) == [State.COMPLETED] * COUNT

    def test_starts_a_single_chain(self, twins: Twins) -> None:
        found = submitted(twins)
        assert twins.pipeline.take() == (found.batch.execution_ids[0], State.QUEUED)
        assert twins.pipeline.take() is None

    def test_keeps_the_order_and_what_was_refused(self, twins: Twins) -> None:
        found = submit_batch(twins.ports, ADA, [a_submission(), REFUSED, a_submission()])
        kept = twins.store.batches.get(found.batch.id)
        assert kept is not None
        assert [item.problem for item in kept.items] == [None, REFUSED, None]
        assert [item.execution_id for item in kept.items] == [
            found.batch.execution_ids[0],
            None,
            found.batch.execution_ids[1],
        ]
        assert found.batch.execution_ids == sorted(found.batch.execution_ids)

    def test_no_two_batches_of_a_millisecond_share_an_id(self, twins: Twins) -> None:
        """ULIDs made in one millisecond may be consecutive numbers."""
        found = [submitted(twins, 3).batch for _ in range(50)]
        single = [twins.submit().id for _ in range(50)]
        ids = [id for batch in found for id in (batch.id, *batch.execution_ids)] + single
        assert len(set(ids)) == len(ids) == 250
        assert len(twins.store.tables.rows) == 200

    @given(st.integers(0, 2**128 - 1), st.integers(0, MAX_ITEMS))
    def test_ids_follow_from_the_batch_and_are_of_its_millisecond(
        self, number: int, count: int
    ) -> None:
        batch_id = str(ULID.from_int(number))
        ids = batches._ids_in(batch_id, count)
        assert ids == sorted(set(ids)) == batches._ids_in(batch_id, count)
        assert len(ids) == count
        assert {id[:10] for id in ids} <= {batch_id[:10]}

    def test_accepts_a_batch_of_which_all_was_refused(self, twins: Twins) -> None:
        found = submit_batch(twins.ports, ADA, [REFUSED])
        assert found.executions == {}
        assert twins.pipeline.take() is None
        assert batches.find(twins.ports, ADA, found.batch.id).next_action_at is None

    def test_needs_room_for_all(self) -> None:
        twins = make_twins(max_unfinished_per_owner=5)
        submitted(twins, 3)
        with pytest.raises(QuotaExceeded, match="room for 2, and this batch has 3"):
            submitted(twins, 3)
        submitted(twins, 2)
        with pytest.raises(QuotaExceeded, match="of 5 unfinished executions is used up"):
            submitted(twins, 1)
        submit_batch(twins.ports, a_key(name="bob", max_unfinished=6), programs(6))

    def test_needs_room_in_the_service(self) -> None:
        twins = make_twins(max_unfinished=5)
        submitted(twins, 3)
        with pytest.raises(QuotaExceeded, match="at capacity"):
            submitted(twins, 3)
        submitted(twins, 2)

    def test_is_accepted_while_the_broker_is_unavailable(self, twins: Twins) -> None:
        twins.pipeline.unavailable = True
        found = submitted(twins)
        twins.pipeline.unavailable = False
        assert twins.pipeline.take() is None
        sweep(twins.ports)
        Worker(twins.ports).run_all()
        assert states(twins, found.batch) == [State.COMPLETED] * COUNT


class TestIdempotencyKey:
    def test_covers_all(self, twins: Twins) -> None:
        first = submitted(twins, idempotency_key="k", body_hash="h")
        Worker(twins.ports).run_all()
        again = submitted(twins, idempotency_key="k", body_hash="h")
        assert again.batch.id == first.batch.id
        assert {row.state for row in again.executions.values()} == {State.COMPLETED}
        assert len(twins.store.tables.rows) == COUNT

    def test_is_for_one_body(self, twins: Twins) -> None:
        submitted(twins, idempotency_key="k", body_hash="h")
        with pytest.raises(IdempotencyMismatch):
            submitted(twins, idempotency_key="k", body_hash="other")
        with pytest.raises(IdempotencyMismatch):
            submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="other")

    def test_is_not_used_again_for_a_batch_that_was_removed(self) -> None:
        twins = make_twins(retention_seconds=3600.0, idempotency_seconds=10 * 365 * DAY)
        submitted(twins, idempotency_key="k", body_hash="h")
        twins.store.tables.rows.clear()
        assert twins.store.batches.remove_created_before(twins.clock() + 1, 10) == 1
        twins.clock.advance(5 * 365 * DAY)
        with pytest.raises(Gone):
            submitted(twins, idempotency_key="k", body_hash="h")


def killed_at(call: int, twins: Twins, key: str | None) -> int:
    """Submit a batch, and die before this call of a port. Returns how many calls were made."""

    def die() -> None:
        raise Killed

    interruption = Interruption(call, die)
    with suppress(Killed):
        submit_batch(interrupted(twins.ports, interruption), ADA, programs(), idempotency_key=key)
    return interruption.calls


def calls_of_one() -> int:
    return killed_at(0, make_twins(), "k")


CALLS = range(1, calls_of_one() + 1)


def stored(twins: Twins) -> list[Batch]:
    return list(twins.store.batches._batches.values())


def check_ran_once(twins: Twins, batch: Batch) -> None:
    assert states(twins, batch) == [State.COMPLETED] * COUNT
    assert len(twins.store.tables.rows) == COUNT
    for number, execution_id in enumerate(batch.execution_ids):
        submission = twins.store.executions.submission(execution_id)
        assert submission is not None
        assert submission.stdin == b"%d" % number
        versions = [event.version for event in twins.store.executions.events(execution_id)]
        assert versions == list(range(1, len(versions) + 1))
    assert twins.store.batches.due(twins.clock() + 10**12, 10) == []
    assert (twins.admission.slots_used(), twins.admission.length()) == (0, 0)


class TestKilled:
    def test_the_calls_are_those_that_count(self) -> None:
        assert len(CALLS) >= 7

    @pytest.mark.parametrize("call", CALLS)
    def test_the_sweep_completes_it(self, twins: Twins, call: int) -> None:
        killed_at(call, twins, None)
        for _ in range(9):
            Worker(twins.ports).run_all()
            twins.clock.advance(15)
            sweep(twins.ports)
        for batch in stored(twins):
            check_ran_once(twins, batch)
        assert len(twins.store.tables.rows) == COUNT * len(stored(twins))

    @pytest.mark.parametrize("call", CALLS)
    def test_the_same_request_completes_it(self, twins: Twins, call: int) -> None:
        killed_at(call, twins, "k")
        left = stored(twins)
        found = submitted(twins, idempotency_key="k")
        assert [found.batch.id] == [batch.id for batch in stored(twins)]
        assert not left or left[0].id == found.batch.id
        assert sorted(found.executions) == found.batch.execution_ids
        for _ in range(9):
            Worker(twins.ports).run_all()
            twins.clock.advance(15)
            sweep(twins.ports)
        check_ran_once(twins, found.batch)

    @pytest.mark.parametrize("call", CALLS)
    def test_whoever_asks_for_it_completes_it(self, twins: Twins, call: int) -> None:
        killed_at(call, twins, None)
        for batch in stored(twins):
            found = batches.find(twins.ports, ADA, batch.id)
            assert found.next_action_at is None
            assert states(twins, found) == [State.QUEUED] * COUNT

    @pytest.mark.parametrize("call", range(1, 8))
    def test_while_it_is_completed(self, twins: Twins, call: int) -> None:
        batch = half_done(twins)
        twins.clock.advance(60)

        def die() -> None:
            raise Killed

        with suppress(Killed):
            batches.complete_due(interrupted(twins.ports, Interruption(call, die)))
        for _ in range(9):
            sweep(twins.ports)
            Worker(twins.ports).run_all()
            twins.clock.advance(15)
        check_ran_once(twins, batch)


def half_done(twins: Twins, **facts: Any) -> Batch:
    """Store a batch whose first two executions are inserted, and nothing is queued."""
    found = submit_batch(twins.ports, ADA, [replace(each, **facts) for each in programs()])
    batch = replace(found.batch, next_action_at=twins.clock())
    twins.store.batches._batches[batch.id] = batch
    for execution_id in batch.execution_ids[2:]:
        for table in (twins.store.tables.rows, twins.store.tables.events):
            del table[execution_id]
    for execution_id in batch.execution_ids:
        twins.admission.leave(execution_id, twins.clock())
    assert twins.pipeline.take()
    return batch


def test_whoever_completes_it_keeps_its_callbacks_and_what_a_door_remembers(twins: Twins) -> None:
    batch = half_done(
        twins, callback_url="https://example.org/", callback_form="other", door_data="remembered"
    )
    batches.complete(twins.ports, batch)
    for execution_id in batch.execution_ids:
        row = twins.store.executions.get(execution_id)
        assert row is not None
        assert row.door_data == "remembered"
        assert row.callback == Callback(
            url="https://example.org/",
            key_id=ADA.id,
            generation=ADA.callback_generation,
            form="other",
        )


def test_only_what_is_missing_is_queued(twins: Twins) -> None:
    """The others may have ended, and then nobody would take them out of the queue."""
    batch = half_done(twins)
    batches.complete(twins.ports, batch)
    assert twins.admission.contains(batch.execution_ids) == [False, False, True, True]


def test_one_that_is_complete_is_not_read(twins: Twins) -> None:
    batch = submitted(twins).batch.complete()
    without_store = replace(twins.ports, store=cast(Store, None))
    assert batches.complete(without_store, batch) is batch


def test_two_complete_it_at_once(twins: Twins) -> None:
    batch = half_done(twins)
    threads = [Thread(target=batches.complete, args=(twins.ports, batch)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Worker(twins.ports).run_all()
    for _ in range(5):
        twins.clock.advance(15)
        sweep(twins.ports)
        Worker(twins.ports).run_all()
    check_ran_once(twins, batch)


class TestFind:
    def test_only_for_its_owner_and_operators(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        with pytest.raises(NotFound):
            batches.find(twins.ports, a_key(name="bob"), batch.id)
        with pytest.raises(NotFound):
            batches.find(twins.ports, ADA, "another")
        operator: ApiKey = a_key(name="otto", role=Role.OPERATOR)
        assert batches.find(twins.ports, operator, batch.id).id == batch.id


def test_cancel_ends_what_has_not_ended(twins: Twins) -> None:
    found = submitted(twins)
    worker = Worker(twins.ports)
    first = found.batch.execution_ids[0]
    while found.executions[first].state is not State.COMPLETED:
        assert worker.run_one()
        found = batches.details(twins.store.executions, found.batch)
    cancelled = batches.cancel(twins.ports, found.batch)
    assert {row.state for row in cancelled.executions.values()} <= {
        State.COMPLETED,
        State.CANCELLED,
    }
    assert cancelled.executions[first].state is State.COMPLETED
    worker.run_all()
    assert all(state.terminal for state in states(twins, found.batch))
    again = batches.cancel(twins.ports, found.batch)
    assert [row.state for row in again.executions.values()][::-1] == states(twins, found.batch)


class TestWait:
    def wait(self, ports: Ports, batch: Batch, seconds: float, **options: Any) -> None:
        batches.wait_for_ends(ports.store.executions, ports.wakeups, batch, seconds, **options)

    def test_until_the_last_has_ended(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        waiting = Thread(target=self.wait, args=(twins.ports, batch, 30))
        waiting.start()
        Worker(twins.ports).run_all()
        waiting.join(60)
        assert not waiting.is_alive()
        assert all(state.terminal for state in states(twins, batch))

    def test_for_so_many_seconds(self, twins: Twins) -> None:
        self.wait(twins.ports, submitted(twins).batch, 0.001)

    def test_not_for_a_client_that_has_left(self, twins: Twins) -> None:
        self.wait(twins.ports, submitted(twins).batch, 30, wanted=lambda: False)

    def test_not_with_a_key_that_was_deleted(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        twins.ports.wakeups.notify(batch.id)
        with pytest.raises(KeyDeleted):
            self.wait(twins.ports, batch, 0.001, allowed=lambda: False)

    def test_not_for_what_was_removed(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        twins.store.tables.rows.clear()
        self.wait(twins.ports, batch, 30)


class Reader:
    """Reads the stream of a batch, from a position on."""

    def __init__(self, twins: Twins, batch: Batch, position: str = "0-0") -> None:
        self.items = stream_batch(
            twins.ports,
            batch,
            BatchPosition.parse(position),
            heartbeat=0.001,
        )

    def next(self) -> ExecutionEnded | BatchEnded:
        return next(item for item in self.items if not isinstance(item, Heartbeat))


class TestStream:
    def test_sends_each_end_once_with_its_result(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        Worker(twins.ports).run_all()
        reader = Reader(twins, batch)
        ends = [reader.next() for _ in range(COUNT)]
        seen = [end.execution.id for end in ends if isinstance(end, ExecutionEnded)]
        assert sorted(seen) == batch.execution_ids
        assert all(isinstance(end, ExecutionEnded) and end.result for end in ends)
        assert isinstance(reader.next(), BatchEnded)
        assert list(reader.items) == []

    def test_continues_after_any_position(self, twins: Twins) -> None:
        batch = submitted(twins).batch
        Worker(twins.ports).run_all()
        whole = [item for item in Reader(twins, batch).items if not isinstance(item, Heartbeat)]
        for read, item in enumerate(whole[:-1], start=1):
            rest = list(Reader(twins, batch, str(item.position)).items)
            assert rest == whole[read:]

    def test_waits_for_what_has_not_ended(self, twins: Twins) -> None:
        batch = submitted(twins, 2).batch
        reader = Reader(twins, batch)
        assert isinstance(next(reader.items), Heartbeat)
        first = twins.store.executions.get(batch.execution_ids[1])
        assert first is not None
        cancel(twins.ports, first)
        ended = reader.next()
        assert isinstance(ended, ExecutionEnded)
        assert (ended.execution.id, str(ended.position)) == (first.id, "2-0")
        assert isinstance(next(reader.items), Heartbeat)

    def test_skips_what_was_deleted(self, twins: Twins) -> None:
        batch = submitted(twins, 2).batch
        Worker(twins.ports).run_all()
        first, second = batch.execution_ids
        row = twins.store.executions.get(first)
        assert row is not None
        erase(twins.store.executions, twins.blobs, row)
        reader = Reader(twins, batch)
        ended = reader.next()
        assert isinstance(ended, ExecutionEnded)
        assert ended.execution.id == second
        assert str(reader.next().position) == "3-1"

    def test_ends_at_once_for_a_batch_without_executions(self, twins: Twins) -> None:
        batch = submit_batch(twins.ports, ADA, [REFUSED]).batch
        assert isinstance(Reader(twins, batch).next(), BatchEnded)

    def test_waits_while_the_store_is_unavailable(self, twins: Twins) -> None:
        batch = submitted(twins, 1).batch
        Worker(twins.ports).run_all()
        unavailable = [StoreUnavailable("down")]

        def states_of(ids: list[str]) -> object:
            if unavailable:
                raise unavailable.pop()
            return type(twins.store.executions).states_of(twins.store.executions, ids)

        executions: Any = type("Unavailable", (), {"get": twins.store.executions.get})()
        executions.states_of = states_of
        store: Any = SimpleNamespace(executions=executions, results=twins.store.results)
        ports = replace(twins.ports, store=store)
        items = stream_batch(ports, batch, BatchPosition(), 0.001)
        ends = [item for item in items if not isinstance(item, Heartbeat)]
        assert [type(item) for item in ends] == [ExecutionEnded, BatchEnded]
        assert unavailable == []

    def test_ends_for_a_key_that_was_deleted(self, twins: Twins) -> None:
        batch = submitted(twins, 1).batch
        items = stream_batch(
            twins.ports,
            batch,
            BatchPosition(),
            allowed=lambda: False,
        )
        assert list(items) == []

    @pytest.mark.parametrize("text", ["", "1", "g-0", "1-2", "-0", "1-", "f" * 33 + "-0", "+1-0"])
    def test_refuses_what_is_no_position(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"position|base 16"):
            BatchPosition.parse(text)


def test_retention_removes_a_batch_after_its_executions() -> None:
    twins = make_twins(retention_seconds=60.0)
    batch = submitted(twins).batch
    twins.clock.advance(61)
    remove_old(twins.ports)
    assert twins.store.batches.get(batch.id)
    Worker(twins.ports).run_all()
    for row in twins.store.tables.rows.values():
        twins.store.events_to_relay.mark_relayed(row.id, row.version)
    twins.clock.advance(61)
    remove_old(twins.ports)
    assert twins.store.batches.get(batch.id) is None
    assert twins.store.tables.rows == {}
