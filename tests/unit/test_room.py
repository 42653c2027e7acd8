"""A call is repeated while a quota or the store is in its way, for as long as its client waits."""

import pytest

from app.domain.errors import QuotaExceeded, RateLimited, StoreUnavailable
from app.service import room
from app.service.room import held
from tests.support.constants import changed

IN_THE_WAY = [QuotaExceeded, StoreUnavailable]


class Act:
    """Raises these errors one by one, and then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.pauses: list[float] = []

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def held(self, seconds: float, *, wanted: bool = True) -> str:
        return held(self, seconds, lambda: wanted, self.pauses.append)


def test_it_is_repeated_until_nothing_is_in_the_way() -> None:
    act = Act(QuotaExceeded(), StoreUnavailable(), QuotaExceeded())
    assert act.held(60) == "done"
    assert act.pauses == [room.PAUSE_SECONDS] * 3


@pytest.mark.parametrize("error", IN_THE_WAY)
def test_it_ends_if_the_next_try_would_be_too_late(error: type[Exception]) -> None:
    act = Act(error(), error())
    with pytest.raises(error):
        act.held(room.PAUSE_SECONDS / 2)
    assert act.pauses == []


@pytest.mark.parametrize("error", IN_THE_WAY)
def test_it_ends_for_a_client_that_has_left(error: type[Exception]) -> None:
    act = Act(error(), error())
    with pytest.raises(error):
        act.held(60, wanted=False)
    assert act.pauses == []


def test_a_store_is_not_waited_for_as_long_as_a_quota() -> None:
    with changed(room__STORE_SECONDS=0):
        assert Act(QuotaExceeded()).held(60) == "done"
        with pytest.raises(StoreUnavailable):
            Act(StoreUnavailable()).held(60)


def test_other_limits_are_not_waited_for() -> None:
    with pytest.raises(RateLimited):
        Act(RateLimited("", retry_after=1)).held(60)
