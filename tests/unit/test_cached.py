"""What clients without a key may ask is read from the stores once a second at most."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, Event

import pytest

from app.domain.errors import Unavailable
from app.service.cached import Cached
from tests.support.twins import Clock


def test_for_a_second_the_answer_is_the_same(clock: Clock) -> None:
    cached = Cached(count(1).__next__, clock)
    assert [cached.get() for _ in range(3)] == [1, 1, 1]
    clock.advance(0.999)
    assert cached.get() == 1
    clock.advance(0.001)
    assert cached.get() == 2


def test_its_second_begins_when_it_is_known(clock: Clock) -> None:
    numbers = count(1)

    def slow() -> int:
        clock.advance(5)
        return next(numbers)

    cached = Cached(slow, clock)
    assert [cached.get(), cached.get()] == [1, 1]


def test_a_clock_that_is_set_back_keeps_no_old_answer(clock: Clock) -> None:
    cached = Cached(count(1).__next__, clock)
    cached.get()
    clock.advance(-3600)
    assert cached.get() == 2


def test_an_error_is_not_remembered(clock: Clock) -> None:
    answers = iter([Unavailable("down"), None])

    def ask() -> str:
        error = next(answers)
        if error is not None:
            raise error
        return "well"

    cached = Cached(ask, clock)
    with pytest.raises(Unavailable):
        cached.get()
    assert cached.get() == "well"


def test_of_many_threads_one_asks(clock: Clock) -> None:
    numbers, asked, answer = count(1), Event(), Event()

    def slow() -> int:
        asked.set()
        assert answer.wait(60)
        return next(numbers)

    cached, begin = Cached(slow, clock), Barrier(8)

    def get() -> int:
        begin.wait()
        return cached.get()

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(get) for _ in range(8)]
        asked.wait(60)
        answer.set()
        assert [found.result() for found in answers] == [1] * 8


@pytest.fixture
def clock() -> Clock:
    return Clock()
