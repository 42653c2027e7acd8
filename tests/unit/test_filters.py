"""Spans of time as spans of ids."""

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from app.domain.execution import MILLISECOND
from app.domain.filters import lowest_id

milliseconds = st.integers(0, 2**48 - 1)


@given(milliseconds)
def test_the_lowest_id_is_that_of_the_millisecond(time: int) -> None:
    id = lowest_id(time * MILLISECOND + 999)
    assert id == str(ULID.from_int(time << 80))


@given(milliseconds, st.integers(0, 2**80 - 1), milliseconds)
def test_ids_are_before_it_if_they_were_made_earlier(made: int, random: int, time: int) -> None:
    id = str(ULID.from_int(made << 80 | random))
    assert (id < lowest_id(time * MILLISECOND)) == (made < time)


def test_times_beyond_those_of_ids() -> None:
    assert lowest_id(-1) == "0" * 26
    assert lowest_id(10**30) == "7ZZZZZZZZZ" + "0" * 16
