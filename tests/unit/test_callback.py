"""When a callback is tried again, and when it is given up."""

from itertools import pairwise

from app.domain.callback import (
    LONGEST_PAUSE_SECONDS,
    SERIES_SECONDS,
    SHORTEST_PAUSE_SECONDS,
    Callback,
    CallbackState,
)
from app.domain.execution import SECOND
from tests.support.builders import NOW, a_callback


def tries(callback: Callback) -> list[int]:
    """The seconds at which each try of a series begins, up to the last."""
    found = []
    while True:
        assert callback.next_at is not None
        now = callback.next_at
        found.append((now - NOW) // SECOND)
        if callback.is_last(now):
            return found
        callback = callback.claimed(now).failed()


def test_pauses_grow_until_a_day_has_passed() -> None:
    times = tries(a_callback().pending(NOW, NOW))
    assert times[:8] == [0, 10, 20, 40, 80, 160, 320, 640]
    assert times[-1] == SERIES_SECONDS
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert min(pauses) == SHORTEST_PAUSE_SECONDS
    assert max(pauses) == LONGEST_PAUSE_SECONDS
    assert pauses[:-1] == sorted(pauses[:-1])
    assert len(times) == 20


def test_another_series_begins_with_short_pauses() -> None:
    later = NOW + 3 * SERIES_SECONDS * SECOND
    again = a_callback().pending(NOW, NOW).failed().abandoned().pending(later, later)
    assert again.attempts == 2
    assert again.claimed(later).next_at == later + SHORTEST_PAUSE_SECONDS * SECOND


def test_each_claim_raises_the_time_so_that_it_names_the_claim() -> None:
    callback = a_callback().pending(NOW, NOW)
    for now in (
        NOW,
        NOW + SECOND,
        NOW + SERIES_SECONDS * SECOND,
        NOW + 2 * SERIES_SECONDS * SECOND,
    ):
        claimed = callback.claimed(now)
        assert (claimed.next_at or 0) > now
        assert claimed.attempts == callback.attempts


def test_the_last_try_is_due_again_in_case_it_was_not_recorded() -> None:
    end = NOW + SERIES_SECONDS * SECOND
    callback = a_callback().pending(NOW, NOW)
    assert not callback.is_last(end - 1)
    assert callback.is_last(end)
    assert callback.claimed(end).next_at == end + 60 * SECOND


def test_an_end_leaves_nothing_due() -> None:
    callback = a_callback().pending(NOW, NOW)
    for after, state in (
        (callback.delivered(), CallbackState.DELIVERED),
        (callback.abandoned(), CallbackState.ABANDONED),
    ):
        assert (after.state, after.attempts, after.next_at) == (state, 1, None)
    assert callback.abandoned(tried=False).attempts == 0
