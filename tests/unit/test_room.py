"""A submission that exceeds a quota is held for as long as its client waits."""

import pytest

from app.domain.errors import QuotaExceeded, RateLimited
from app.domain.execution import Execution
from app.service import room
from app.service.room import submitted_within
from tests.support.builders import an_execution

EXECUTION = an_execution()


class Submit:
    """Raises these errors one by one, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.pauses: list[float] = []

    def __call__(self) -> Execution:
        if self.errors:
            raise self.errors.pop(0)
        return EXECUTION


def held(submit: Submit, seconds: float, *, wanted: bool = True) -> Execution:
    return submitted_within(seconds, submit, lambda: wanted, submit.pauses.append)


def test_it_is_tried_again_until_there_is_room() -> None:
    submit = Submit(QuotaExceeded(), QuotaExceeded())
    assert held(submit, 60) is EXECUTION
    assert submit.pauses == [room.PAUSE_SECONDS] * 2


def test_it_is_refused_if_the_next_try_would_be_too_late() -> None:
    submit = Submit(QuotaExceeded(), QuotaExceeded())
    with pytest.raises(QuotaExceeded):
        held(submit, room.PAUSE_SECONDS / 2)
    assert submit.pauses == []


def test_it_is_not_held_for_a_client_that_has_left() -> None:
    submit = Submit(QuotaExceeded(), QuotaExceeded())
    with pytest.raises(QuotaExceeded):
        held(submit, 60, wanted=False)
    assert submit.pauses == []


def test_other_limits_are_not_waited_for() -> None:
    with pytest.raises(RateLimited):
        held(Submit(RateLimited("", retry_after=1)), 60)
