"""What every kind of wake-up does, and what waiters do while Redis is unavailable."""

from contextlib import ExitStack
from threading import Event, Thread
from time import monotonic

import pytest
import redis

from app.infrastructure.memory.wakeups import MemoryWakeups
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.subscriber import Subscriber
from app.infrastructure.redis.wakeups import RedisWakeups
from app.ports import Wakeups
from tests.support.own_redis import OwnRedis
from tests.support.waiting import is_quick, wait_until

CHANNEL = "progress"
LONG = 30
NO_TIME = 0.05


@pytest.fixture(params=["memory", "redis"])
def wakeups(request: pytest.FixtureRequest) -> Wakeups:
    if request.param == "memory":
        return MemoryWakeups()
    return RedisWakeups(request.getfixturevalue("redis_client"))


class TestListening:
    def test_a_listener_hears_its_execution(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a") as listener:
            wakeups.notify("a")
            assert listener.wait(LONG)

    def test_it_hears_no_other(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a") as a, wakeups.listen("b") as b:
            wakeups.notify("b")
            assert b.wait(LONG)
            assert not a.wait(NO_TIME)

    def test_a_wake_up_is_heard_once(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a") as listener:
            wakeups.notify("a")
            assert listener.wait(LONG)
            assert not listener.wait(NO_TIME)

    def test_a_waiting_thread_is_woken(self, wakeups: Wakeups) -> None:
        heard: list[bool] = []
        with wakeups.listen("a") as listener:
            thread = Thread(target=lambda: heard.append(listener.wait(LONG)))
            thread.start()
            wakeups.notify("a")
            thread.join(LONG)
        assert heard == [True]

    def test_all_listeners_of_an_execution_hear_it(self, wakeups: Wakeups) -> None:
        with ExitStack() as stack:
            listeners = [stack.enter_context(wakeups.listen("a")) for _ in range(1_000)]
            wakeups.notify("a")
            assert all(listener.wait(LONG) for listener in listeners)

    def test_what_came_before_is_not_heard(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a"):
            wakeups.notify("a")
        with wakeups.listen("b") as proof:
            wakeups.notify("b")
            proof.wait(LONG)
            with wakeups.listen("a") as listener:
                assert not listener.wait(NO_TIME)

    def test_progress_wakes_only_those_who_ask_for_it(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a", progress=True) as follower, wakeups.listen("a") as waiter:
            wakeups.notify("a", progress=True)
            assert follower.wait(LONG)
            assert not waiter.wait(NO_TIME)

    def test_who_asks_for_progress_also_hears_the_rest(self, wakeups: Wakeups) -> None:
        with wakeups.listen("a", progress=True) as follower, wakeups.listen("a") as waiter:
            wakeups.notify("a")
            assert follower.wait(LONG)
            assert waiter.wait(LONG)


class TestResting:
    """Only a process in which somebody follows an execution receives its progress."""

    @pytest.fixture
    def subscriber(self, redis_client: redis.Redis) -> Subscriber:
        return Subscriber(redis_client, CHANNEL, rest_seconds=0)

    def test_it_leaves_the_channel_once_nobody_listens(
        self, redis_client: redis.Redis, subscriber: Subscriber
    ) -> None:
        with subscriber.listening("a", Event()):
            assert receivers(redis_client) == 1
        wait_until(lambda: receivers(redis_client) == 0)
        assert not subscriber.connected

    def test_it_stays_while_anybody_listens(
        self, redis_client: redis.Redis, subscriber: Subscriber
    ) -> None:
        event = Event()
        with subscriber.listening("a", event):
            with subscriber.listening("b", Event()):
                pass
            for _ in range(3):
                redis_client.publish(CHANNEL, "a")
                assert event.wait(LONG)
                event.clear()

    def test_the_next_listener_brings_it_back(
        self, redis_client: redis.Redis, subscriber: Subscriber
    ) -> None:
        for _ in range(3):
            event = Event()
            with subscriber.listening("a", event):
                redis_client.publish(CHANNEL, "a")
                assert event.wait(LONG)
                assert subscriber.connected
            wait_until(lambda: receivers(redis_client) == 0)


def receivers(client: redis.Redis) -> int:
    ((_, count),) = client.pubsub_numsub(CHANNEL)
    return int(count)


class TestWhileRedisIsAway:
    def test_waiters_return_and_hear_again_once_it_is_back(self, own_redis: OwnRedis) -> None:
        wakeups = RedisWakeups(connect(own_redis.url))
        with wakeups.listen("a") as listener:
            own_redis.stop()
            assert listener.wait(60), "woken once, since wake-ups may be lost from now on"
            assert is_quick(lambda: listener.wait(LONG), seconds=1)
            assert not listener.wait(LONG)
            own_redis.start()
            wait_until(lambda: listener.wait(LONG))
            wakeups.notify("a")
            wait_until(lambda: listener.wait(LONG))

    def test_a_frozen_redis_counts_as_unavailable(self, own_redis: OwnRedis) -> None:
        wakeups = RedisWakeups(connect(own_redis.url))
        with wakeups.listen("a") as listener, own_redis.frozen():
            assert is_quick(lambda: listener.wait(LONG), seconds=1.2)

    def test_listening_may_begin_without_it(self, own_redis: OwnRedis) -> None:
        own_redis.stop()
        wakeups = RedisWakeups(connect(own_redis.url))
        with wakeups.listen("a") as listener:
            assert not listener.wait(LONG)
            own_redis.start()
            wait_until(lambda: listener.wait(LONG))

    def test_notify_waits_for_it_only_now_and_then(
        self, own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
    ) -> None:
        wakeups = RedisWakeups(connect(own_redis.url))
        with own_redis.frozen():
            started = monotonic()
            for _ in range(1_000):
                wakeups.notify("a")
            assert monotonic() - started < 20, "a few wait for a second"
        assert len(caplog.records) == 1
