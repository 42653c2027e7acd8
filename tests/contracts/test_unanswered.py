"""Commands that are sent to Redis without waiting for replies."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
import redis

from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.unanswered import Unanswered
from tests.support.own_redis import OwnRedis
from tests.support.waiting import wait_until


def test_what_many_threads_send_arrives(redis_client: redis.Redis) -> None:
    unanswered = Unanswered(redis_client)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(200):
            threads.submit(unanswered.send, ("INCR", "a"), ("INCRBY", "b", 2))
    wait_until(lambda: redis_client.mget("a", "b") == ["200", "400"])


def test_nothing_comes_back(redis_client: redis.Redis) -> None:
    """Otherwise, the server would end a connection whose replies nobody reads."""
    unanswered = Unanswered(redis_client)
    unanswered.send(("PING",), ("NO SUCH COMMAND",), ("GET", "a"))
    unanswered.send(("SET", "a", "b"))
    wait_until(lambda: redis_client.get("a") == "b")
    assert not unanswered._connection.can_read(0.05)


def test_the_first_command_after_a_restart_arrives(own_redis: OwnRedis) -> None:
    client = connect(own_redis.url)
    unanswered = Unanswered(client)
    unanswered.send(("SET", "a", "before"))
    wait_until(lambda: client.get("a") == "before")
    own_redis.stop()
    own_redis.start()
    unanswered.send(("SET", "a", "after"))
    wait_until(lambda: client.get("a") == "after")


def test_without_a_server_it_says_so_until_there_is_one(own_redis: OwnRedis) -> None:
    client = connect(own_redis.url)
    unanswered = Unanswered(client)
    unanswered.send(("SET", "a", "before"))
    own_redis.stop()
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            unanswered.send(("SET", "a", "meanwhile"))
    own_redis.start()
    unanswered.send(("SET", "a", "after"))
    wait_until(lambda: client.get("a") == "after")


def test_a_frozen_server_is_noticed_once_its_socket_is_full(own_redis: OwnRedis) -> None:
    unanswered = Unanswered(connect(own_redis.url))
    unanswered.send(("PING",))
    began = monotonic()
    with own_redis.frozen(), pytest.raises(redis.TimeoutError):
        unanswered.send(*[("SET", "a", "b" * 10_000)] * 1_000)
    assert monotonic() - began < 10
