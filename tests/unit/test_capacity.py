"""The quota of all owners: Redis knows the count, and is asked rarely."""

import pytest

from app.domain.errors import CoordinationUnavailable, QuotaExceeded
from app.domain.execution import SECOND
from app.domain.submission import Priority
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.ports import QueueEntry
from app.service.capacity import FRESH, Capacity, capacity_of
from tests.support.twins import Twins, make_twins


class CountedQueue(MemoryAdmissionQueue):
    asked = 0
    unavailable = False

    def length(self) -> int:
        self.asked += 1
        if self.unavailable:
            raise CoordinationUnavailable("Redis is unavailable")
        return super().length()


@pytest.fixture
def queue() -> CountedQueue:
    return CountedQueue()


@pytest.fixture
def twins(queue: CountedQueue) -> Twins:
    return make_twins(admission=queue, max_unfinished=3)


@pytest.fixture
def capacity(twins: Twins) -> Capacity:
    return capacity_of(twins.ports)


def enter(queue: CountedQueue, *ids: str) -> None:
    queue.enter([QueueEntry(id, "ada", Priority.NORMAL, 0, "python-3.11") for id in ids])


def test_it_refuses_what_redis_says_is_too_much(capacity: Capacity, queue: CountedQueue) -> None:
    enter(queue, "1", "2", "3")
    with pytest.raises(QuotaExceeded, match="try again later"):
        capacity.take()


def test_it_asks_again_once_it_may_be_full(capacity: Capacity, queue: CountedQueue) -> None:
    for each in "123":
        capacity.take()
        enter(queue, each)
    with pytest.raises(QuotaExceeded):
        capacity.take()


def test_it_asks_once_for_many(capacity: Capacity, queue: CountedQueue) -> None:
    for _ in range(3):
        capacity.take()
    assert queue.asked == 1


def test_it_asks_again_when_the_answer_is_old(
    capacity: Capacity, queue: CountedQueue, twins: Twins
) -> None:
    capacity.take()
    enter(queue, "1", "2", "3")  # by another process
    twins.clock.advance(FRESH / SECOND)
    with pytest.raises(QuotaExceeded):
        capacity.take()


def test_it_asks_again_when_the_clock_was_set_back(
    capacity: Capacity, queue: CountedQueue, twins: Twins
) -> None:
    capacity.take()
    twins.clock.advance(-3600)
    capacity.take()
    assert queue.asked == 2


def test_it_asks_before_it_refuses(capacity: Capacity, queue: CountedQueue) -> None:
    enter(queue, "1", "2", "3")
    with pytest.raises(QuotaExceeded):
        capacity.take()
    queue.leave("1", 0)
    capacity.take()


def test_with_redis_away_it_takes_and_asks_no_more_than_otherwise(
    capacity: Capacity, queue: CountedQueue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.unavailable = True
    for _ in range(3):
        capacity.take()
    assert queue.asked == 1
    assert "without checking the total quota" in caplog.text
