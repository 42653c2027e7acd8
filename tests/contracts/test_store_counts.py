"""Counts stay exact whatever happens to executions: random walks through `TRANSITIONS`."""

from collections import Counter
from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.execution import TRANSITIONS, UNFINISHED, Change, Execution, State
from app.domain.filters import ExecutionFilter
from app.domain.submission import Priority
from app.ports import Store
from tests.support.builders import NOW, a_submission, a_verdict, accepted

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
    """Take an execution through as many transitions as chance will have it.

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
