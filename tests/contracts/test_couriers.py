"""What every set of couriers does, and what only threads do."""

import threading

import pytest
from redis import Redis

from app.infrastructure.couriers import LOOK_AGAIN, ThreadedCouriers
from app.infrastructure.memory.couriers import MemoryCouriers
from app.infrastructure.permits import PER_HOST, OwnPermits
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.permits import RedisPermits
from app.ports import Couriers

SECONDS = 20.0


@pytest.fixture(params=["memory", "threads"])
def couriers(request: pytest.FixtureRequest) -> Couriers:
    return MemoryCouriers() if request.param == "memory" else ThreadedCouriers(OwnPermits())


def busy(couriers: Couriers, host: str, owner: str = "ada") -> threading.Event:
    """Occupy a thread until the event is set."""
    over, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        over.wait(SECONDS)

    assert couriers.start(owner, host, work)
    assert begun.wait(SECONDS)
    return over


def test_the_work_is_done(couriers: Couriers) -> None:
    done = threading.Event()
    assert couriers.start("ada", "example.com", done.set)
    assert done.wait(SECONDS)


def test_nothing_to_wait_for(couriers: Couriers) -> None:
    assert not couriers.wait(0)


class TestThreads:
    def test_one_that_ends_makes_room(self) -> None:
        couriers = ThreadedCouriers(OwnPermits())
        events = [busy(couriers, "a") for _ in range(PER_HOST)]
        assert not couriers.start("ada", "a", pytest.fail)
        events.append(busy(couriers, "b"))
        events[0].set()
        assert couriers.wait(LOOK_AGAIN)
        events.append(busy(couriers, "a"))
        for event in events:
            event.set()

    def test_work_that_fails_frees_its_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reported: list[object] = []
        monkeypatch.setattr(threading, "excepthook", reported.append)
        couriers = ThreadedCouriers(OwnPermits())

        def fail() -> None:
            raise RuntimeError

        for _ in range(PER_HOST + 1):
            while not couriers.start("ada", "a", fail):
                couriers.wait(0.01)
        while len(reported) <= PER_HOST:
            couriers.wait(0.01)

    def test_without_a_thread_the_permit_is_given_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        couriers = ThreadedCouriers(OwnPermits())
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert not any(couriers.start("ada", "a", pytest.fail) for _ in range(PER_HOST))
        busy(couriers, "a").set()

    def test_threads_of_another_worker_are_looked_for_again(
        self, redis_url: str, redis_client: Redis
    ) -> None:
        redis_client.ping()
        one, other = (ThreadedCouriers(RedisPermits(connect(redis_url))) for _ in range(2))
        events = [busy(one, "a") for _ in range(PER_HOST)]
        assert not other.start("ada", "a", pytest.fail)
        for event in events:
            event.set()
        assert other.wait(SECONDS)  # Nothing of its own ends.
        while not other.start("ada", "a", lambda: None):
            other.wait(SECONDS)
