"""Counts of every store stay exact, whatever happens to executions."""

from collections import Counter
from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.execution import (
    TRANSITIONS,
    UNFINISHED,
    Change,
    Execution,
    State,
)
from app.domain.filters import ExecutionFilter
from app.domain.submission import Priority
from app.ports import Store
from tests.contracts.racing import race
from tests.contracts.rows import LATER, applied, completed, nonzero, put
from tests.support.builders import (
    NOW,
    a_submission,
    a_verdict,
    accepted,
)

RACERS = 8
OWNERS = ("ada", "bob")


INTO: Mapping[State, Callable[[Execution], Change]] = {
    State.QUEUED: lambda row: row.requeue(NOW, NOW, "again"),
    State.ADMITTED: lambda row: row.admit(NOW, NOW),
    State.STARTING: lambda row: row.start(NOW, NOW, NOW),
    State.RUNNING: lambda row: row.run(NOW, NOW, NOW),
    State.FINISHED: lambda row: row.finish(NOW, NOW, a_verdict()),
    State.COMPLETED: lambda row: row.complete(NOW, NOW),
    State.FAILED: lambda row: row.fail(NOW, NOW, "no more"),
    State.CANCELLED: lambda row: row.cancel(NOW, NOW),
}


def test_of_unfinished_rows(store: Store) -> None:
    put(store, submission=a_submission(priority=Priority.HIGH))
    put(store)
    applied(store, put(store).admit(NOW, LATER))
    completed(store, put(store))
    assert nonzero(store) == {
        (State.QUEUED, Priority.HIGH): 1,
        (State.QUEUED, Priority.NORMAL): 1,
        (State.ADMITTED, Priority.NORMAL): 1,
    }


def test_of_an_owner(store: Store) -> None:
    put(store, owner="bob")
    put(store, owner="bob").cancel(NOW, LATER)
    applied(store, put(store, owner="bob").cancel(NOW, LATER))
    assert store.counts.unfinished("bob") == 2
    assert store.counts.unfinished("eve") == 0


def test_are_exact_after_many_writers_at_once(store: Store) -> None:
    rows = [put(store) for _ in range(RACERS)]
    race(
        RACERS,
        lambda number: [
            store.executions.apply(row.admit(NOW, LATER) if number % 2 else row.cancel(NOW, LATER))
            for row in rows
        ],
    )
    states = Counter(
        state for state, _ in store.executions.states_of([r.id for r in rows]).values()
    )
    assert nonzero(store) == (
        {(State.ADMITTED, Priority.NORMAL): states[State.ADMITTED]}
        if states[State.ADMITTED]
        else {}
    )
    assert store.counts.unfinished("ada") == states[State.ADMITTED]


def test_the_oldest_queued_execution_of_each_band(store: Store) -> None:
    assert store.counts.oldest_queued() == {}
    applied(store, put(store, now=NOW).admit(NOW, LATER))
    put(store, now=NOW + 2)
    put(store, now=NOW + 1)
    put(store, a_submission(priority=Priority.LOW), now=NOW + 3)
    assert store.counts.oldest_queued() == {Priority.NORMAL: NOW + 1, Priority.LOW: NOW + 3}


def test_the_oldest_queued_execution_of_an_owner(store: Store) -> None:
    assert store.counts.oldest_queued_of("ada") is None
    applied(store, put(store, now=NOW).admit(NOW, LATER))
    put(store, owner="bob", now=NOW + 1)
    put(store, now=NOW + 2)
    put(store, now=NOW + 3)
    assert store.counts.oldest_queued_of("ada") == NOW + 2
    assert store.counts.oldest_queued_of("eve") is None


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), priorities=st.lists(st.sampled_from(Priority), min_size=1, max_size=4))
def test_counts_are_those_of_a_recount(
    store: Store, data: st.DataObject, priorities: list[Priority]
) -> None:
    for priority in priorities:
        owner = data.draw(st.sampled_from(OWNERS))
        row, submission, event = accepted(a_submission(priority=priority), owner=owner)
        assert store.executions.insert(row, submission, event)
        walk(store, data, row)
    rows = store.executions.page(ExecutionFilter(), None, 10_000)
    counts = {band: total for band, total in store.counts.by_state().items() if total}
    assert counts == Counter((row.state, row.priority) for row in rows if row.state in UNFINISHED)
    for owner in OWNERS:
        assert store.counts.unfinished(owner) == sum(
            row.owner == owner and not row.state.terminal for row in rows
        )


def walk(store: Store, data: st.DataObject, row: Execution) -> None:
    """Take an execution through a random number of transitions.

    Some are tried twice, as a duplicated message would, and change nothing the second time.
    """
    for _ in range(data.draw(st.integers(0, 10))):
        if row.state.terminal:
            return
        change = INTO[data.draw(st.sampled_from(sorted(TRANSITIONS[row.state])))](row)
        assert store.executions.apply(change)
        if data.draw(st.booleans()):
            assert not store.executions.apply(change)
        row = change.after
