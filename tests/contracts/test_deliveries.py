"""What every store does with the callbacks of executions."""

from dataclasses import replace
from functools import partial

import pytest

from app.domain.callback import Callback, CallbackState
from app.domain.execution import SECOND, Execution
from app.ports import Store
from tests.contracts.racing import race
from tests.contracts.rows import LATER, applied, completed, finished, put
from tests.support.builders import NOW, a_callback, a_result, accepted

RACERS = 8
DUE = NOW + 10 * SECOND
"""When the callback of an execution that completed NOW is due."""


def with_callback(store: Store, **facts: object) -> Execution:
    execution, submission, event = accepted()
    execution = replace(execution, callback=a_callback(**facts))
    assert store.executions.insert(execution, submission, event)
    return execution


def pending(store: Store) -> Execution:
    return completed(store, with_callback(store))


def later(callback: Callback) -> Callback:
    return replace(callback, next_at=LATER)


def callback_of(store: Store, execution: Execution) -> Callback | None:
    row = store.executions.get(execution.id)
    assert row is not None
    return row.callback


def known(execution: Execution) -> Callback:
    assert execution.callback is not None
    return execution.callback


def test_a_callback_is_part_of_the_row(store: Store) -> None:
    execution = with_callback(store, url="https://example.com/é?a=1&b=%20")
    assert store.executions.get(execution.id) == execution
    assert put(store).callback is None


def test_every_end_of_an_execution_makes_its_callback_pending(store: Store) -> None:
    cancelled = applied(store, with_callback(store).cancel(NOW, LATER))
    failed = applied(store, with_callback(store).fail(NOW, LATER, "no"))
    done = pending(store)
    for row, due in ((cancelled, NOW), (failed, NOW), (done, DUE)):
        found = callback_of(store, row)
        assert found == known(row)
        assert (known(row).state, known(row).next_at) == (CallbackState.PENDING, due)


def test_no_other_transition_changes_it(store: Store) -> None:
    row = finished(store, with_callback(store))
    assert callback_of(store, row) == a_callback()
    applied(store, row.requeue(NOW, LATER, "lost"))
    assert callback_of(store, row) == a_callback()
    assert store.deliveries.claim_due(LATER, 10, later) == []


def test_claims_what_is_due_longest_due_first(store: Store) -> None:
    done, cancelled = pending(store), applied(store, with_callback(store).cancel(NOW, LATER))
    with_callback(store)
    completed(store, put(store))

    assert store.deliveries.claim_due(NOW - 1, 10, later) == []
    assert [row.id for row in store.deliveries.claim_due(DUE, 1, later)] == [cancelled.id]
    (claimed,) = store.deliveries.claim_due(DUE, 10, later)
    assert claimed == replace(done, callback=later(known(done)))
    assert callback_of(store, done) == claimed.callback
    assert store.deliveries.claim_due(DUE, 10, later) == []
    assert len(store.deliveries.claim_due(LATER, 10, later)) == 2


def test_gives_no_callback_to_two_claims(store: Store) -> None:
    rows = [pending(store) for _ in range(5)]
    claims = race(RACERS, lambda _: store.deliveries.claim_due(DUE, 10, later))
    claimed = [row.id for claim in claims for row in claim]
    assert sorted(claimed) == [row.id for row in rows]


def test_an_update_names_the_time_that_it_saw(store: Store) -> None:
    row = pending(store)
    seen = known(row)
    assert store.deliveries.update(row.id, seen, later(seen))
    assert not store.deliveries.update(row.id, seen, seen.delivered())
    assert store.deliveries.update(row.id, later(seen), seen.delivered())
    assert callback_of(store, row) == seen.delivered()
    assert store.deliveries.claim_due(LATER, 10, later) == []


def test_an_abandoned_callback_becomes_pending_again_once(store: Store) -> None:
    row = pending(store)
    given_up = known(row).abandoned()
    assert store.deliveries.update(row.id, known(row), given_up)
    again = [given_up.pending(NOW, NOW + number) for number in range(RACERS)]
    won = race(RACERS, lambda n: store.deliveries.update(row.id, given_up, again[n]))
    assert won.count(True) == 1
    assert callback_of(store, row) == again[won.index(True)]


def test_what_has_no_callback_gets_none(store: Store) -> None:
    row = completed(store, put(store))
    assert not store.deliveries.update(row.id, a_callback(), a_callback())
    assert not store.deliveries.update("another", a_callback(), a_callback())
    assert callback_of(store, row) is None


@pytest.mark.parametrize("end", [Callback.delivered, partial(Callback.abandoned, tried=False)])
def test_an_execution_is_not_removed_before_its_callback_is_over(
    store: Store, end: partial[Callback]
) -> None:
    row = pending(store)
    store.executions.settle(row)
    store.events_to_relay.mark_relayed(row.id, row.version)
    store.usage.mark_folded([row.id])
    assert len(store.executions.remove_ended_before(LATER, 10)) == 0
    assert store.deliveries.update(row.id, known(row), end(known(row)))
    assert len(store.executions.remove_ended_before(LATER, 10)) == 1
    assert store.results.get(a_result(row).id) is None
