"""Whether a host that starts gets its name."""

import pytest

from app.cli.host.run import PATIENCE_SECONDS, START_SECONDS, take_name
from app.cli.up.errors import UpError
from app.domain.hosts import HostReport
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.leases import MemoryLeases
from app.ports import Fleet
from app.ports.hosts import HOST_SECONDS
from tests.support.twins import Clock

ALPHA = HostReport(name="alpha", slots=2, free=2, release=None, languages=())


class Time:
    """Passes only while a host waits for its name."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock()

    def __call__(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hosts(time: Time) -> MemoryHosts:
    return MemoryHosts(time.clock)


@pytest.fixture
def leases(time: Time) -> MemoryLeases:
    return MemoryLeases(time)


def take(hosts: MemoryHosts, leases: MemoryLeases, time: Time, name: str = "alpha") -> None:
    take_name(Fleet(hosts, name, "another"), leases, now=time, pause=time.wait)


def test_a_free_name_is_taken_at_once(hosts: MemoryHosts, leases: MemoryLeases, time: Time) -> None:
    take(hosts, leases, time)
    take(hosts, leases, time, "beta")
    assert time.seconds == 0


def test_of_two_that_start_together_one_is_refused(
    hosts: MemoryHosts, leases: MemoryLeases, time: Time
) -> None:
    take(hosts, leases, time)

    def starting(seconds: float) -> None:
        time.wait(seconds)
        if time.seconds > START_SECONDS / 2:
            hosts.put(ALPHA)

    with pytest.raises(UpError, match="a host alpha is alive already"):
        take_name(Fleet(hosts, "alpha", "another"), leases, now=time, pause=starting)


@pytest.mark.parametrize("beats", [True, False])
def test_the_name_of_one_that_was_killed_is_free_after_a_while(
    hosts: MemoryHosts, leases: MemoryLeases, time: Time, *, beats: bool
) -> None:
    take(hosts, leases, time)
    if beats:
        time.wait(START_SECONDS)
        hosts.put(ALPHA)
    before = time.seconds
    take(hosts, leases, time)
    waited = time.seconds - before
    assert (HOST_SECONDS if beats else START_SECONDS) <= waited < PATIENCE_SECONDS
