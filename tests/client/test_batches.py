"""How programs are divided into batches that a service accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podline import InvalidArgument, Program
from podline.batches import MOST_BYTES, MOST_ITEMS, batches_of, bodies_of


@given(st.integers(0, 350))
def test_each_has_at_most_a_hundred_in_order(count: int) -> None:
    bodies = [{"n": number} for number in range(count)]
    batches = list(batches_of(bodies))
    assert [body for batch in batches for body in batch] == bodies
    assert [len(batch) for batch in batches[:-1]] == [MOST_ITEMS] * (len(batches) - 1)
    assert all(batches)


def test_each_has_at_most_so_many_bytes() -> None:
    fits = {"s": "ß" * (MOST_BYTES // 6)}
    batches = list(batches_of([fits] * 7))
    assert [len(batch) for batch in batches] == [2, 2, 2, 1]


def test_one_that_is_too_large_is_alone() -> None:
    small, large = {"s": ""}, {"s": "x" * MOST_BYTES}
    assert list(batches_of([small, large, small])) == [[small], [large], [small]]


def test_a_program_is_sent_as_if_alone() -> None:
    program = Program(language="c", source="int main;", stdin=b"\xff")
    files = Program(language="c", files={"a.c": "x"})
    assert bodies_of([program, files]) == [
        {"language": "c", "source": "int main;", "stdin_base64": "/w=="},
        {"language": "c", "files": [{"name": "a.c", "content": "x", "encoding": "utf-8"}]},
    ]


@pytest.mark.parametrize("value", ["\ud800", object()])
def test_what_can_not_be_sent(value: object) -> None:
    with pytest.raises(InvalidArgument):
        list(batches_of([{"s": value}]))
