"""Executions that contract tests put into a store, and take through their states."""

from app.domain.execution import (
    SECOND,
    Change,
    Execution,
    State,
    Time,
)
from app.domain.submission import Priority, Submission
from app.ports import Store
from tests.support.builders import (
    NOW,
    a_result,
    a_verdict,
    accepted,
)

LATER = NOW + 60 * SECOND


def put(
    store: Store,
    submission: Submission | None = None,
    owner: str = "ada",
    now: Time = NOW,
    next_action_at: Time | None = None,
    traceparent: str | None = None,
) -> Execution:
    """Insert a new execution."""
    accepted_one = accepted(
        submission,
        owner=owner,
        now=now,
        next_action_at=next_action_at,
        traceparent=traceparent,
    )
    assert store.executions.insert(*accepted_one)
    return accepted_one[0]


def to_later(_row: Execution) -> Time:
    return LATER


def applied(store: Store, *changes: Change) -> Execution:
    for change in changes:
        assert store.executions.apply(change)
    return changes[-1].after


def put_removable(store: Store, count: int) -> None:
    """Insert executions that retention may remove at LATER."""
    for _ in range(count):
        row = applied(store, put(store).cancel(NOW, NOW))
        store.executions.settle(row)
        store.events_to_relay.mark_relayed(row.id, row.version)
        store.usage.mark_folded([row.id])


def completed(store: Store, execution: Execution) -> Execution:
    """Take a queued execution through all its states, with a result, to `completed` at NOW."""
    row = finished(store, execution)
    store.results.insert(a_result(row))
    return applied(store, row.complete(NOW, LATER))


def started(store: Store) -> Execution:
    """A new execution whose first attempt was started."""
    return attempted(store, put(store))


def attempted(store: Store, execution: Execution) -> Execution:
    """Start an attempt of a queued execution."""
    admitted = execution.admit(NOW, LATER)
    return applied(store, admitted, admitted.after.start(NOW, LATER, LATER))


def finished(store: Store, execution: Execution) -> Execution:
    """Take a queued execution to `finished`: its next result is that of this attempt."""
    starting = attempted(store, execution)
    return applied(store, starting.finish(NOW, LATER, a_verdict()))


def nonzero(store: Store) -> dict[tuple[State, Priority], int]:
    return {band: total for band, total in store.counts.by_state().items() if total}
