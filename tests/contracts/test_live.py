"""What every store of live output does."""

import pytest
import redis

from app.domain.report import Frame, Stream
from app.infrastructure.memory.live import MemoryLiveOutput
from app.infrastructure.redis.live import EXPIRE_SECONDS, MAX_BYTES, RedisLiveOutput
from app.ports import LiveOutput

POD = "01j00000000000000000000001-1"


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def live(request: pytest.FixtureRequest, clock: Clock) -> LiveOutput:
    if request.param == "memory":
        return MemoryLiveOutput(clock)
    return RedisLiveOutput(request.getfixturevalue("redis_client"), clock)


def frames(first: int, last: int, content: bytes = b"line\n") -> list[Frame]:
    return [
        Frame(n, Stream.STDOUT, (n - 1) * len(content), content) for n in range(first, last + 1)
    ]


class TestInterest:
    def test_it_lasts_for_30_seconds(self, live: LiveOutput, clock: Clock) -> None:
        live.watch("a")
        clock.now += 29
        assert live.watched() == {"a"}
        clock.now += 2
        assert live.watched() == set()

    def test_watching_again_prolongs_it(self, live: LiveOutput, clock: Clock) -> None:
        live.watch("a")
        live.watch("b")
        clock.now += 20
        live.watch("a")
        clock.now += 20
        assert live.watched() == {"a"}


class TestFrames:
    def test_they_come_back_as_they_were(self, live: LiveOutput) -> None:
        printed = [
            Frame(1, Stream.STDOUT, 0, bytes(range(256))),
            Frame(2, Stream.STDERR, 0, "größer\n".encode()),
            Frame(3, Stream.STDOUT, 256, b""),
        ]
        live.append(POD, printed)
        assert live.read(POD, 0) == printed
        assert live.last(POD) == 3

    def test_nothing_was_printed(self, live: LiveOutput) -> None:
        live.append(POD, [])
        assert live.read(POD, 0) == []
        assert live.last(POD) == 0

    def test_reading_continues_behind_what_was_seen(self, live: LiveOutput) -> None:
        live.append(POD, frames(1, 12))
        assert live.read(POD, 10) == frames(11, 12)
        assert live.read(POD, 12) == []

    def test_frames_that_are_there_already_are_ignored(self, live: LiveOutput) -> None:
        live.append(POD, frames(1, 3))
        live.append(POD, frames(2, 5))
        live.append(POD, frames(1, 5))
        assert live.read(POD, 0) == frames(1, 5)

    def test_pods_do_not_see_each_other(self, live: LiveOutput) -> None:
        live.append(POD, frames(1, 3))
        assert live.read("another-1", 0) == []

    def test_thousands_at_once(self, live: LiveOutput) -> None:
        live.append(POD, frames(1, 2_345))
        assert live.read(POD, 0) == frames(1, 2_345)


class TestRedis:
    def test_the_oldest_go_when_it_is_too_much(self, redis_client: redis.Redis) -> None:
        live = RedisLiveOutput(redis_client)
        kib = b"x" * 1024
        kept = MAX_BYTES // len(kib)
        live.append(POD, frames(1, 50, kib))
        live.append(POD, frames(51, kept + 100, kib))
        assert live.read(POD, 0) == frames(100, kept + 100, kib)

    def test_it_expires(self, redis_client: redis.Redis) -> None:
        live = RedisLiveOutput(redis_client)
        live.append(POD, frames(1, 3))
        live.watch("a")
        (pod_key,) = redis_client.keys("podline:live:*")
        assert 0 < redis_client.ttl(pod_key) <= EXPIRE_SECONDS
