"""Counters per minute, and the percentiles made of them."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.execution import MILLISECOND, SECOND, Outcome, State
from app.domain.minutes import (
    MINUTE,
    QUEUED,
    Percentiles,
    counters_of,
    minute,
    minute_of,
    together,
)
from app.infrastructure.memory.minute_counters import MemoryMinuteCounters
from app.service.minutes import LastMinutes, last_minutes
from tests.support.builders import NOW, an_execution


def counted(*executions: dict[str, Any]) -> Counter[str]:
    rows = (an_execution(created_at=NOW, **facts) for facts in executions)
    return Counter(name for row in rows for name in counters_of(row))


def ran(waited_ms: float, ran_ms: float) -> dict[str, Any]:
    started_at = NOW + int(waited_ms * MILLISECOND)
    return {
        "outcome": Outcome.SUCCESS,
        "state": State.COMPLETED,
        "started_at": started_at,
        "finished_at": started_at + int(ran_ms * MILLISECOND),
    }


def test_ends_are_counted_by_outcome_or_state() -> None:
    counters = counted(
        ran(1, 1),
        ran(1, 1),
        {"outcome": Outcome.TIME_LIMIT},
        {"state": State.FAILED},
        {"state": State.CANCELLED},
    )
    assert minute(7, counters).ended == {
        "success": 2,
        "time_limit": 1,
        "failed": 1,
        "cancelled": 1,
    }


def test_a_minute_without_anything() -> None:
    empty = minute(7, {})
    assert (empty.start, empty.ended, empty.queued) == (7 * MINUTE, {}, None)
    assert (empty.waiting, empty.running) == (None, None)
    assert minute(7, {"queued": 3}).queued == 3


def test_what_was_cancelled_while_queued_waited_for_nothing() -> None:
    cancelled = minute(7, counted({"state": State.CANCELLED}))
    assert (cancelled.waiting, cancelled.running) == (None, None)


@pytest.mark.parametrize("milliseconds", [0, 0.5, 1])
def test_short_times(milliseconds: float) -> None:
    shown = minute(7, counted(ran(milliseconds, milliseconds)))
    assert shown.running == Percentiles(0.9, 0.9)


@given(st.lists(st.floats(1, 600_000), min_size=1, max_size=60))
def test_percentiles_are_exact_to_within_ten_percent(times: list[float]) -> None:
    shown = minute(7, counted(*(ran(each, 1) for each in times))).waiting
    assert shown is not None
    ordered = sorted(times)
    for share, value in ((0.5, shown.p50), (0.95, shown.p95)):
        exact = ordered[-(-len(ordered) * int(share * 100) // 100) - 1]
        assert exact * 0.9 - 0.1 <= value <= exact * 1.1 + 0.1


def test_a_minute_begins_at_a_full_one() -> None:
    assert minute_of(0) == 0
    assert minute_of(60 * SECOND - 1) == 0
    assert minute_of(60 * SECOND) == 1


def test_several_minutes_together_are_as_one_with_all_ends() -> None:
    first, second = counted(ran(1, 10)), counted(ran(1, 1000), ran(1, 1000))
    assert together([first, second, {}]) == counted(ran(1, 10), ran(1, 1000), ran(1, 1000))
    assert together([{QUEUED: 9}, {QUEUED: 4}, first])[QUEUED] == 4
    assert QUEUED not in together([first])


class TestLastMinutes:
    def last(self, count: int, step: int) -> LastMinutes:
        """At minute 100, of counters of which minute n has n ends."""
        counters = MemoryMinuteCounters()
        for number in range(80, 101):
            counters.add(number, ["ended:success"] * number)
        return last_minutes(counters, lambda: 100 * MINUTE + 1, count, step)

    def test_are_one_by_one(self) -> None:
        found = self.last(3, 1)
        assert [(each.start // MINUTE, each.ended["success"]) for each in found.each] == [
            (98, 98),
            (99, 99),
            (100, 100),
        ]
        assert found.total == minute(98, {"ended:success": 98 + 99 + 100})

    def test_are_in_parts_that_begin_at_multiples(self) -> None:
        found = self.last(10, 5)
        assert [each.start // MINUTE for each in found.each] == [90, 95, 100]
        assert [each.ended["success"] for each in found.each] == [460, 485, 100]
        assert found.total.ended == {"success": sum(range(90, 101))}
        assert found.total.start == 90 * MINUTE
