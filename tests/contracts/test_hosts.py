"""What every place for the heartbeats of sandbox hosts does."""

import time
from dataclasses import dataclass, replace
from typing import cast

import pytest
from redis import Redis

from app.domain.execution import SECOND
from app.domain.hosts import HostReport, HostSize
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.runtime import LANGUAGES, MemoryRuntime
from app.infrastructure.redis.clock import server_time
from app.infrastructure.redis.hosts import REPORTS, SEEN, SIZES, RedisHosts
from app.ports import Hosts
from app.ports.hosts import HOST_SECONDS
from tests.support.twins import Clock

ALPHA = HostReport(
    name="alpha",
    slots=2,
    free=1,
    release="0.2",
    languages=LANGUAGES,
    limits=MemoryRuntime().limits_held(),
)
BETA = HostReport(name="beta", slots=64, free=0, draining=True, release=None, languages=())


@dataclass(frozen=True, slots=True)
class Case:
    hosts: Hosts
    clock: Clock
    redis: Redis | None

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.redis:
            for name in seen(self.redis):
                self.redis.zincrby(SEEN, -seconds * SECOND, name)


def seen(redis: Redis) -> dict[str, float]:
    """When each host was last seen."""
    found = cast(list[tuple[str, float]], redis.zrange(SEEN, 0, -1, withscores=True))
    return dict(found)


@pytest.fixture(params=["memory", "redis"])
def case(request: pytest.FixtureRequest) -> Case:
    clock = Clock()
    if request.param == "memory":
        return Case(MemoryHosts(clock), clock, None)
    client: Redis = request.getfixturevalue("redis_client")
    return Case(RedisHosts(client), clock, client)


def test_those_that_sent_a_heartbeat_are_alive(case: Case) -> None:
    for report in (BETA, ALPHA, replace(ALPHA, free=2)):
        case.hosts.put(report)
    alive = case.hosts.alive()
    assert [replace(host, languages=(), limits=()) for host in alive] == [
        replace(ALPHA, free=2, languages=(), limits=()),
        BETA,
    ]
    assert tuple(alive[0].languages) == tuple(LANGUAGES)
    assert list(alive[0].limits) == ALPHA.limits
    assert case.hosts.sizes() == {"alpha": HostSize.of(ALPHA), "beta": HostSize.of(BETA)}
    assert case.hosts.lost() == {}


def test_a_host_is_lost_after_a_while_and_comes_back(case: Case) -> None:
    case.hosts.put(ALPHA)
    case.pass_time(HOST_SECONDS - 1)
    case.hosts.put(BETA)
    assert case.hosts.sizes().keys() == {"alpha", "beta"}
    case.pass_time(2)
    assert case.hosts.sizes() == {"beta": HostSize.of(BETA)}
    assert [host.name for host in case.hosts.alive()] == ["beta"]
    assert case.hosts.lost() == {"alpha": HostSize.of(ALPHA).group}
    case.hosts.put(ALPHA)
    assert case.hosts.lost() == {}
    assert case.hosts.sizes().keys() == {"alpha", "beta"}


def test_one_that_is_removed_is_neither(case: Case) -> None:
    case.hosts.put(ALPHA)
    for name in ("alpha", "alpha", "beta"):
        case.hosts.remove(name)
    case.pass_time(HOST_SECONDS + 1)
    assert case.hosts.alive() == []
    assert case.hosts.lost() == {}


def test_one_that_is_expected_is_lost_if_it_stays_silent(case: Case) -> None:
    case.hosts.expect([])
    case.hosts.expect(["alpha", "beta"])
    assert case.hosts.alive() == []
    assert case.hosts.lost() == {}
    case.pass_time(HOST_SECONDS - 1)
    case.hosts.expect(["alpha"])
    case.hosts.put(BETA)
    case.pass_time(2)
    assert case.hosts.lost() == {"alpha": None}


def test_redis_uses_no_clock_but_its_own(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 3600
    wrong = time.time() + hour
    monkeypatch.setattr(time, "time", lambda: wrong)
    RedisHosts(redis_client).put(ALPHA)
    put_at = seen(redis_client)["alpha"]
    assert put_at < (wrong - hour / 2) * SECOND
    assert server_time(redis_client) >= put_at


def test_redis_is_asked_for_sizes_as_often_as_they_matter(redis_client: Redis) -> None:
    times = iter([0.0, 0.19, 0.2, 0.3, 0.4])
    hosts = RedisHosts(redis_client, 0.2, lambda: next(times))
    assert hosts.sizes() == {}
    RedisHosts(redis_client).put(ALPHA)
    assert hosts.sizes() == {}
    assert hosts.sizes().keys() == {"alpha"}
    hosts.put(BETA)
    assert hosts.sizes().keys() == {"alpha", "beta"}, "a process knows its own reports at once"
    hosts.remove("alpha")
    assert hosts.sizes().keys() == {"beta"}


def test_a_report_of_another_release_stops_no_other(
    redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = RedisHosts(redis_client)
    hosts.put(ALPHA)
    hosts.put(replace(BETA, name="newer"))
    for key in (REPORTS, SIZES):
        redis_client.hset(key, "newer", '{"of": "another release"}')
    assert [host.name for host in hosts.alive()] == ["alpha"]
    assert hosts.sizes() == {"alpha": HostSize.of(ALPHA)}
    assert caplog.text.count("what 'newer' reports can't be read") == 1
