"""Rebuilt rows are shown and never worked on."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.execution import HAS_POD, UNFINISHED, Change, Event, Execution, State
from app.domain.filters import ExecutionFilter
from app.ports import Store
from tests.support.builders import NOW, a_submission, a_verdict, accepted

LATER = NOW + 10**12
EVERY_STATE = frozenset(State)


def lives(**facts: object) -> tuple[list[Execution], list[Event]]:
    """What one execution was, version after version, as a rebuild makes it, and its events."""
    row, _, first = accepted(a_submission(labels={"a.b": "c"}), **facts)  # type: ignore[arg-type]  # names that a test gives
    changes: list[Change] = [row.admit(NOW, NOW)]
    changes.append(changes[-1].after.start(NOW, NOW, NOW))
    changes.append(changes[-1].after.run(NOW, NOW, NOW))
    changes.append(changes[-1].after.finish(NOW, NOW, a_verdict()))
    changes.append(changes[-1].after.complete(NOW, NOW))
    rows = [row, *(change.after for change in changes)]
    rebuilt = [as_rebuilt(row) for row in rows]
    return rebuilt, [first, *(change.event for change in changes)]


def as_rebuilt(row: Execution) -> Execution:
    return replace(
        row, rebuilt_at=NOW, next_action_at=None, cpu_us=None, stored_bytes=None, usage_at=None
    )


def put_all(store: Store, rows: Sequence[Execution], events: Sequence[Event]) -> None:
    assert store.executions.put_rebuilt(rows[-1], events)


def test_is_as_it_was_put_with_its_events(store: Store) -> None:
    rows, events = lives()
    put_all(store, rows, events)
    assert store.executions.get(rows[0].id) == rows[-1]
    assert store.executions.events(rows[0].id) == events
    assert store.executions.submission(rows[0].id) is None


def test_a_later_version_takes_the_place_of_an_earlier_one(store: Store) -> None:
    rows, events = lives()
    assert store.executions.put_rebuilt(rows[2], events[:3])
    assert store.executions.put_rebuilt(rows[4], events[3:5])
    assert not store.executions.put_rebuilt(rows[4], events[3:5])
    assert not store.executions.put_rebuilt(rows[1], events[:2])
    assert store.executions.get(rows[0].id) == rows[4]
    assert store.executions.events(rows[0].id) == events[:5]


def test_a_row_that_was_not_rebuilt_stays(store: Store) -> None:
    rows, events = lives()
    original, submission, first = accepted(id=rows[0].id)
    store.executions.insert(original, submission, first)
    assert not store.executions.put_rebuilt(rows[-1], events[1:])
    assert store.executions.get(original.id) == original
    assert store.executions.events(original.id) == [first]


def test_is_found_by_its_labels(store: Store) -> None:
    rows, events = lives()
    put_all(store, rows[:2], events[:2])
    assert store.executions.put_rebuilt(rows[-1], events[2:])
    for labels in ({"a.b": "c"}, None):
        assert store.executions.page(ExecutionFilter(labels=labels), None, 9) == [rows[-1]]


@pytest.mark.parametrize("version", range(1, 7))
def test_is_never_work(store: Store, version: int) -> None:
    rows, events = lives()
    row = rows[version - 1]
    put_all(store, rows[:version], events[:version])
    assert store.executions.claim_due(EVERY_STATE, LATER, 9, lambda _: LATER) == []
    assert store.executions.in_states(EVERY_STATE, "", 9) == []
    assert store.executions.begin(row.id, UNFINISHED | HAS_POD, "create", NOW, LATER) is None
    assert store.events_to_relay.waiting(9) == []
    assert store.counts.unfinished(row.owner) == 0
    assert store.counts.oldest_queued() == {}
    assert {band: total for band, total in store.counts.by_state().items() if total} == {}
    assert store.executions.get(row.id) == row


def test_that_never_ended_can_be_cancelled_and_counts_nowhere(store: Store) -> None:
    rows, events = lives()
    put_all(store, rows[:1], events[:1])
    assert store.executions.put_rebuilt(rows[3], events[1:4])
    change = rows[3].cancel(NOW, NOW)
    assert store.executions.apply(change)
    assert store.events_to_relay.waiting(9) == [(rows[3].id, [change.event])]
    assert store.counts.unfinished("ada") == 0
    assert {band: total for band, total in store.counts.by_state().items() if total} == {}


def test_is_removed_like_others_once_it_is_old(store: Store) -> None:
    rows, events = lives()
    put_all(store, rows, events)
    assert len(store.executions.remove_ended_before(LATER, 9)) == 1
    assert store.executions.get(rows[0].id) is None
    assert store.executions.events(rows[0].id) == []
