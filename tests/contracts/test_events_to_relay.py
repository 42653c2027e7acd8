"""What every store does with events that are not in the log yet."""

from app.ports import Store
from tests.contracts.racing import race
from tests.contracts.rows import LATER, applied, put
from tests.support.builders import (
    NOW,
    TRACEPARENT,
)


def test_how_much_waits_and_since_when(store: Store) -> None:
    assert store.events_to_relay.backlog(2) == (0, None)
    rows = [put(store, now=NOW + number) for number in range(3)]
    assert store.events_to_relay.backlog(2) == (2, NOW)
    for row in rows[:2]:
        store.events_to_relay.mark_relayed(row.id, row.version)
    assert store.events_to_relay.backlog(2) == (1, NOW + 2)


def test_shows_the_events_that_wait_longest_first(store: Store) -> None:
    second, third = put(store, now=NOW + 2), put(store, now=NOW + 3)
    first = put(store, now=NOW + 1)
    cancel = first.cancel(NOW + 9, LATER)
    applied(store, cancel)
    waiting = store.events_to_relay.waiting(10)
    assert [id for id, _ in waiting] == [first.id, second.id, third.id]
    assert [event.version for event in waiting[0][1]] == [1, 2]
    assert waiting[0][1][1] == cancel.event
    assert [id for id, _ in store.events_to_relay.waiting(2)] == [first.id, second.id]


def test_each_event_has_the_trace_of_its_execution(store: Store) -> None:
    traced, other = put(store, now=NOW, traceparent=TRACEPARENT), put(store, now=NOW + 1)
    applied(store, traced.admit(NOW + 2, LATER))
    waiting = dict(store.events_to_relay.waiting(10))
    assert [event.traceparent for event in waiting[traced.id]] == [TRACEPARENT] * 2
    assert [event.traceparent for event in waiting[other.id]] == [None]
    assert [event.traceparent for event in store.executions.events(traced.id)] == [None] * 2


def test_shows_what_was_not_relayed_yet(store: Store) -> None:
    row, other = put(store, now=NOW), put(store, now=NOW + 1)
    row = applied(store, row.admit(NOW + 2, LATER))
    store.events_to_relay.mark_relayed(row.id, 1)
    assert [(id, len(events)) for id, events in store.events_to_relay.waiting(10)] == [
        (other.id, 1),
        (row.id, 1),
    ]
    store.events_to_relay.mark_relayed(row.id, 2)
    assert [id for id, _ in store.events_to_relay.waiting(10)] == [other.id]


def test_a_transition_after_the_relay_waits_from_its_own_time(store: Store) -> None:
    row = put(store, now=NOW)
    store.events_to_relay.mark_relayed(row.id, 1)
    other = put(store, now=NOW + 1)
    applied(store, change := row.admit(NOW + 2, LATER))
    assert [id for id, _ in store.events_to_relay.waiting(10)] == [other.id, row.id]
    assert store.events_to_relay.waiting(10)[1][1] == [change.event]


def test_never_lowers_the_mark(store: Store) -> None:
    row = put(store)
    applied(store, row.admit(NOW, LATER))
    store.events_to_relay.mark_relayed(row.id, 2)
    store.events_to_relay.mark_relayed(row.id, 1)
    store.events_to_relay.mark_relayed("01J", 1)
    assert store.events_to_relay.waiting(10) == []


def test_loses_no_event_of_a_row_that_changes_meanwhile(store: Store) -> None:
    row = put(store)
    change = row.admit(NOW, LATER)
    race(
        2,
        lambda number: (
            store.executions.apply(change)
            if number
            else store.events_to_relay.mark_relayed(row.id, 1)
        ),
    )
    assert store.events_to_relay.waiting(10) == [(row.id, [change.event])]
