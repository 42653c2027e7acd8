"""What every store records about usage."""

from dataclasses import replace

import pytest

from app.domain.execution import SECOND, Execution, State, Time
from app.domain.usage import UsageDay, day_for, day_of
from app.ports import Store
from app.service.usage import fold
from tests.contracts.racing import race
from tests.contracts.rows import LATER, applied, finished, put
from tests.support.builders import NOW, a_result, accepted

RACERS = 8
DAY = 24 * 3600 * SECOND
TODAY = "2026-01-02"


def ended(store: Store, *, owner: str = "ada", key_id: str = "k", now: Time = NOW) -> Execution:
    execution, submission, event = accepted(owner=owner)
    execution = replace(execution, key_id=key_id)
    assert store.executions.insert(execution, submission, event)
    row = finished(store, execution)
    store.results.insert(a_result(row))
    return applied(store, row.complete(now, LATER, cpu_us=1_500_000, stored_bytes=100))


def a_day(owner: str = "ada", day: str = TODAY, key_id: str = "k") -> UsageDay:
    return UsageDay(owner=owner, day=day, key_id=key_id)


def totals(store: Store, owner: str = "ada") -> list[tuple[str, str, int, int, int]]:
    days = store.usage.days(owner, "2026-01-01", "2026-12-31")
    return [(d.day, d.key_id, d.executions, d.cpu_us, d.stored_bytes) for d in days]


def test_the_row_has_what_its_execution_used(store: Store) -> None:
    row = ended(store)
    assert (row.key_id, row.cpu_us, row.stored_bytes, row.usage_at) == ("k", 1_500_000, 100, NOW)
    assert store.executions.get(row.id) == row


def test_every_end_counts_once(store: Store) -> None:
    cancelled = applied(store, put(store).cancel(NOW, LATER))
    failed = applied(store, put(store).fail(NOW, LATER, "no"))
    put(store)
    assert {row.id for row in store.usage.unfolded(10)} == {cancelled.id, failed.id}


def test_a_cancelled_program_counts_for_as_long_as_it_ran(store: Store) -> None:
    row = put(store)
    row = applied(store, admitted := row.admit(NOW, LATER), admitted.after.start(NOW, LATER, LATER))
    row = applied(store, row.run(NOW, LATER, started_at=NOW))
    row = applied(store, row.cancel(NOW + 7 * SECOND, LATER))
    assert row.state is State.CANCELLED
    assert row.cpu_us == 7 * SECOND


def test_unfolded_are_listed_by_the_time_of_their_end(store: Store) -> None:
    second, first = ended(store, now=NOW + 1), ended(store)
    assert store.usage.unfolded(10) == [first, second]
    assert store.usage.unfolded(1) == [first]
    assert store.usage.still_unfolded([first.id, second.id, "x"]) == {first.id, second.id}
    store.usage.mark_folded([first.id, "x"])
    assert store.usage.unfolded(10) == [second]
    assert store.usage.still_unfolded([first.id]) == set()
    row = store.executions.get(first.id)
    assert row == replace(first, usage_at=None)


def test_a_record_is_inserted_once_and_replaced_by_version(store: Store) -> None:
    row = ended(store)
    empty = a_day()
    assert store.usage.day(empty) == empty
    once = empty.folded([row])
    assert store.usage.put(empty, once)
    assert not store.usage.put(empty, once)
    assert store.usage.day(empty) == once
    assert once.folding == (row.id,)
    twice = once.folded([row])
    assert store.usage.put(once, twice)
    assert not store.usage.put(once, twice)
    assert store.usage.day(empty) == twice
    assert (twice.executions, twice.cpu_us, twice.stored_bytes) == (2, 3_000_000, 200)


def test_one_of_many_folds_wins(store: Store) -> None:
    days = [replace(a_day(), version=1, executions=number) for number in range(RACERS)]
    won = race(RACERS, lambda number: store.usage.put(a_day(), days[number]))
    assert won.count(True) == 1
    assert store.usage.day(a_day()) == days[won.index(True)]


def test_days_are_those_of_one_owner_in_order(store: Store) -> None:
    for facts in (
        {"day": "2026-01-03"},
        {"key_id": "l"},
        {"key_id": "k"},
        {"owner": "bob"},
        {"day": "2026-01-04"},
        {"day": "2026-01-01"},
    ):
        assert store.usage.put(a_day(**facts), replace(a_day(**facts), version=1))
    found = store.usage.days("ada", TODAY, "2026-01-03")
    places = [(day.day, day.key_id) for day in found]
    assert places == [(TODAY, "k"), (TODAY, "l"), ("2026-01-03", "k")]


def test_any_two_days_of_the_calendar_select(store: Store) -> None:
    days = ["2026-01-09", "2026-01-10", "2026-01-11"]
    for day in days:
        assert store.usage.put(a_day(day=day), replace(a_day(day=day), version=1))
    for first, last, expected in (
        ("0001-01-01", "9999-12-31", days),
        ("2026-01-10", "2026-01-10", days[1:2]),
        ("2026-01-11", "9999-12-31", days[2:]),
    ):
        assert [each.day for each in store.usage.days("ada", first, last)] == expected


def test_days_of_all_owners_are_in_the_order_of_day_and_owner(store: Store) -> None:
    for facts in (
        {"day": "2026-01-03"},
        {"owner": "bob", "key_id": "a"},
        {"key_id": "l"},
        {"key_id": "k"},
        {"day": "2026-01-04"},
    ):
        assert store.usage.put(a_day(**facts), replace(a_day(**facts), version=1))
    found = store.usage.days(None, TODAY, "2026-01-03")
    assert [(day.day, day.owner, day.key_id) for day in found] == [
        (TODAY, "ada", "k"),
        (TODAY, "ada", "l"),
        (TODAY, "bob", "a"),
        ("2026-01-03", "ada", "k"),
    ]


def test_usage_is_folded_by_day_owner_and_key(store: Store) -> None:
    for now, owner, key_id in (
        (NOW, "ada", "k"),
        (NOW, "ada", "k"),
        (NOW, "ada", "l"),
        (NOW, "bob", "k"),
        (NOW + DAY, "ada", "k"),
    ):
        ended(store, now=now, owner=owner, key_id=key_id)
    assert fold(store.usage) == 5
    assert fold(store.usage) == 0
    assert totals(store) == [
        (TODAY, "k", 2, 3_000_000, 200),
        (TODAY, "l", 1, 1_500_000, 100),
        ("2026-01-03", "k", 1, 1_500_000, 100),
    ]
    assert totals(store, "bob") == [(TODAY, "k", 1, 1_500_000, 100)]


@pytest.mark.parametrize("how_many", [1, 30])
def test_many_folds_at_once_count_each_execution_once(store: Store, how_many: int) -> None:
    for _ in range(how_many):
        ended(store)
    race(4, lambda _: [fold(store.usage) for _ in range(3)])
    while fold(store.usage):
        pass
    assert totals(store) == [(TODAY, "k", how_many, how_many * 1_500_000, how_many * 100)]


def test_an_execution_is_not_removed_before_its_usage_is_folded(store: Store) -> None:
    row = ended(store)
    store.executions.settle(row)
    store.events_to_relay.mark_relayed(row.id, row.version)
    assert store.executions.remove_ended_before(LATER, 10) == []
    fold(store.usage)
    assert store.executions.remove_ended_before(LATER, 10) == [row.id]
    assert totals(store)[0][2] == 1


def test_the_day_is_that_of_utc() -> None:
    assert day_of(NOW) == TODAY
    midnight = NOW - NOW % DAY
    assert day_of(midnight) == TODAY
    assert day_of(midnight - 1) == "2026-01-01"
    execution, _, _ = accepted(owner="ada")
    assert day_for(replace(execution, usage_at=NOW)) == a_day(key_id="")
