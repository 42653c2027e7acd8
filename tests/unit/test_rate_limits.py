"""How requests of a key are counted."""

from dataclasses import replace

import pytest

from app.domain.execution import SECOND
from app.service.rate_limits import BLOCKS, count_request
from tests.support.builders import NOW, a_key

MINUTE = 60 * SECOND


class Counts:
    """Says that a request is the `counted`th, and keeps what it was asked."""

    def __init__(self, counted: int = 1) -> None:
        self.counted = counted
        self.asked: list[tuple[str, str, int, int]] = []

    def count(self, key_id: str, window: str, seconds: int, ahead: int) -> int:
        self.asked.append((key_id, window, seconds, ahead))
        return self.counted


@pytest.mark.parametrize(
    ("rate", "unit", "seconds", "ahead"),
    [
        ("1/s", "s", 1, 1),
        (f"{BLOCKS}/m", "m", 60, 1),
        (f"{3 * BLOCKS - 1}/h", "h", 3600, 2),
        (f"{3 * BLOCKS}/d", "d", 24 * 3600, 3),
    ],
)
def test_in_windows_of_the_clock_and_a_twentieth_at_once(
    rate: str, unit: str, seconds: int, ahead: int
) -> None:
    counts, key = Counts(), a_key()
    count_request(counts, lambda: NOW, key, rate)
    window = NOW // (seconds * SECOND)
    assert counts.asked == [(key.id, f"{unit}{window}", seconds, ahead)]
    assert BLOCKS == 20


@pytest.mark.parametrize(
    ("counted", "remaining", "allowed"), [(1, 4, True), (5, 0, True), (6, 0, False), (99, 0, False)]
)
def test_until_none_is_left(counted: int, remaining: int, allowed: bool) -> None:
    found = count_request(Counts(counted), lambda: NOW, a_key(), "5/m")
    assert found is not None
    assert (found[0].remaining, found[1]) == (remaining, allowed)


@pytest.mark.parametrize(("passed", "resets_in"), [(0, 60), (1, 60), (SECOND, 59), (MINUTE - 1, 1)])
def test_the_next_window_is_announced_in_whole_seconds(passed: int, resets_in: int) -> None:
    now = NOW // MINUTE * MINUTE + passed
    found = count_request(Counts(), lambda: now, a_key(), "5/m")
    assert found is not None
    assert found[0].resets_in == resets_in


def test_a_key_s_own_rate_comes_first() -> None:
    counts = Counts()
    assert count_request(counts, lambda: NOW, a_key(), "") is None
    found = count_request(counts, lambda: NOW, replace(a_key(), requests="7/s"), "5/m")
    assert found is not None
    assert (found[0].rate.requests, len(counts.asked)) == (7, 1)
