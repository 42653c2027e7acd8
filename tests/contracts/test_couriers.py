"""What every set of couriers does, and what only threads do."""

import threading

import pytest

from app.infrastructure.couriers import AT_ONCE, PER_HOST, ThreadedCouriers
from app.infrastructure.memory.couriers import MemoryCouriers
from app.ports import Couriers

SECONDS = 20.0


@pytest.fixture(params=[MemoryCouriers, ThreadedCouriers])
def couriers(request: pytest.FixtureRequest) -> Couriers:
    made: Couriers = request.param()
    return made


def test_the_work_is_done(couriers: Couriers) -> None:
    done = threading.Event()
    assert couriers.start("example.com", done.set)
    assert done.wait(SECONDS)


def test_nothing_to_wait_for(couriers: Couriers) -> None:
    assert not couriers.wait(0)


class TestThreads:
    def busy(self, couriers: Couriers, host: str) -> threading.Event:
        """Occupy a thread until the event is set."""
        over, begun = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            over.wait(SECONDS)

        assert couriers.start(host, work)
        assert begun.wait(SECONDS)
        return over

    def test_a_host_gets_two(self) -> None:
        couriers = ThreadedCouriers()
        events = [self.busy(couriers, "a") for _ in range(PER_HOST)]
        assert not couriers.start("a", pytest.fail)
        events.append(self.busy(couriers, "b"))
        events[0].set()
        assert couriers.wait(SECONDS)
        events.append(self.busy(couriers, "a"))
        for event in events:
            event.set()

    def test_all_hosts_get_eight(self) -> None:
        couriers = ThreadedCouriers()
        events = [self.busy(couriers, f"host {number}") for number in range(AT_ONCE)]
        assert not couriers.start("another", pytest.fail)
        for event in events:
            event.set()

    def test_work_that_fails_frees_its_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reported: list[object] = []
        monkeypatch.setattr(threading, "excepthook", reported.append)
        couriers = ThreadedCouriers()

        def fail() -> None:
            raise RuntimeError

        for _ in range(AT_ONCE + 1):
            waiter = threading.Thread(target=couriers.wait, args=(SECONDS,))
            waiter.start()
            while not couriers.start("a", fail):
                couriers.wait(0.01)
            waiter.join()
        assert len(reported) == AT_ONCE + 1
