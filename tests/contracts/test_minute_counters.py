"""What every place for counters per minute does."""

import pytest

from app.infrastructure.memory.minute_counters import MemoryMinuteCounters
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.minute_counters import RedisMinuteCounters
from app.ports import MinuteCounters
from tests.contracts.racing import race
from tests.support.waiting import wait_until

MINUTE = 29_455_374


@pytest.fixture(params=["memory", "redis"])
def counters(request: pytest.FixtureRequest) -> MinuteCounters:
    if request.param == "memory":
        return MemoryMinuteCounters()
    return RedisMinuteCounters(request.getfixturevalue("redis_client"))


def test_each_is_raised_by_one(counters: MinuteCounters) -> None:
    counters.add(MINUTE, ["ended:success", "waiting:7"])
    counters.add(MINUTE, ["ended:success"])
    counters.add(MINUTE + 2, ["ended:failed"])
    expected = [{"ended:success": 2, "waiting:7": 1}, {}, {"ended:failed": 1}]
    wait_until(lambda: counters.read([MINUTE, MINUTE + 1, MINUTE + 2]) == expected)


def test_a_level_is_replaced(counters: MinuteCounters) -> None:
    counters.add(MINUTE, ["ended:success"])
    for level in (7, 3):
        counters.note(MINUTE, "queued", level)
    wait_until(lambda: counters.read([MINUTE]) == [{"ended:success": 1, "queued": 3}])


def test_nothing_is_lost_among_many(counters: MinuteCounters) -> None:
    race(8, lambda _: counters.add(MINUTE, ["ended:success"] * 5))
    wait_until(lambda: counters.read([MINUTE]) == [{"ended:success": 40}])


def test_none_are_read(counters: MinuteCounters) -> None:
    assert counters.read([]) == []


def test_counting_without_redis_raises_nothing_and_soon_tries_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counters = RedisMinuteCounters(connect("redis://127.0.0.1:1/0"))
    for _ in range(3):
        counters.add(MINUTE, ["ended:success"])
    assert caplog.text.count("ends are not counted") == 1
