"""A host with a wrong clock has the same time as all others."""

import pytest
from redis import Redis

from app.domain.execution import SECOND
from app.infrastructure.clock import now
from app.infrastructure.redis.clock import FRESH_SECONDS, SharedClock
from app.infrastructure.redis.connection import connect

HOUR = 3600 * SECOND


class Elapsed:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_clock_that_is_an_hour_off_counts_for_nothing(redis_client: Redis, wrong: int) -> None:
    clock = SharedClock(redis_client, lambda: read + wrong, Elapsed())
    before = now()
    read = clock()
    assert before - SECOND < read < now() + SECOND
    assert clock.ahead() == -wrong


def test_a_clock_that_is_set_in_the_meantime_is_not_noticed(redis_client: Redis) -> None:
    elapsed = Elapsed()
    clock = SharedClock(redis_client, now, elapsed)
    before = clock()
    elapsed.seconds += 2.5
    assert clock() == before + int(2.5 * SECOND)


def test_it_is_compared_again_after_a_while(redis_client: Redis) -> None:
    elapsed = Elapsed()
    clock = SharedClock(redis_client, now, elapsed)
    clock()
    elapsed.seconds += FRESH_SECONDS
    before = now()
    assert before - SECOND < clock() < now() + SECOND


def test_while_redis_is_down_it_goes_on() -> None:
    elapsed = Elapsed()
    clock = SharedClock(connect("unix:///nowhere.sock"), lambda: 5, elapsed)
    assert clock() == 5
    assert clock.ahead() == 0
