"""What every place for the heartbeats of sandbox hosts does."""

import time
from dataclasses import dataclass, replace
from typing import cast

import pytest
from redis import Redis

from app.domain.errors import NameTaken
from app.domain.execution import SECOND
from app.domain.hosts import HostReport, HostSize, groups_of
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.runtime import LANGUAGES, MemoryRuntime
from app.infrastructure.redis.clock import server_time
from app.infrastructure.redis.hosts import CLOCK, REPORTS, SEEN, SERVED_SECONDS, SIZES, RedisHosts
from app.ports import Hosts
from app.ports.hosts import HOST_SECONDS
from tests.support.twins import Clock

ALPHA = HostReport(
    name="alpha",
    owner="one",
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

    def for_another(self) -> Hosts:
        """As another process sees them."""
        return RedisHosts(self.redis) if self.redis else self.hosts

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
    return Case(RedisHosts(client, elapsed=lambda: clock() / SECOND), clock, client)


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
    sizes = {"alpha": HostSize.of(ALPHA), "beta": HostSize.of(BETA)}
    assert case.hosts.sizes() == sizes
    assert list(case.hosts.groups()) == groups_of(sizes.values())
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


def test_the_database_that_was_recorded_last_is_the_service_s(case: Case) -> None:
    assert case.hosts.database() is None
    for identity in ("one", "other"):
        case.hosts.put_database(identity)
        assert case.for_another().database() == identity


class TestNames:
    def test_one_that_is_alive_is_nobody_else_s(self, case: Case) -> None:
        other = replace(ALPHA, owner="other", slots=9)
        case.hosts.put(ALPHA)
        with pytest.raises(NameTaken, match="alpha"):
            case.hosts.put(other)
        assert case.hosts.sizes()["alpha"].slots == 2
        assert not case.hosts.holds("alpha", "other")
        case.hosts.put(ALPHA)
        assert case.hosts.holds("alpha", "one")

    def test_who_comes_back_after_it_was_taken_does_not_have_it(self, case: Case) -> None:
        other = replace(ALPHA, owner="other")
        case.hosts.put(ALPHA)
        case.pass_time(HOST_SECONDS + 1)
        assert not case.hosts.holds("alpha", "one")
        case.for_another().put(other)
        with pytest.raises(NameTaken):
            case.hosts.put(ALPHA)
        assert not case.hosts.holds("alpha", "one")
        case.hosts.remove("alpha", "one")
        assert [host.owner for host in case.hosts.alive()] == ["other"]

    def test_owners_are_those_of_hosts_that_are_alive_and_have_not_left(self, case: Case) -> None:
        case.hosts.put(ALPHA)
        case.hosts.expect(["gamma"])
        case.pass_time(HOST_SECONDS - 1)
        case.hosts.put(replace(BETA, owner="two"))
        assert case.hosts.owners() == {"alpha": "one", "beta": "two"}
        case.hosts.leave("beta", "two")
        assert case.hosts.owners() == {"alpha": "one"}
        case.pass_time(2)
        assert case.hosts.owners() == {}

    def test_who_comes_back_before_that_has_it_again(self, case: Case) -> None:
        case.hosts.put(ALPHA)
        case.pass_time(HOST_SECONDS + 1)
        case.hosts.put(ALPHA)
        assert case.hosts.holds("alpha", "one")

    def test_who_leaves_lets_another_one_continue_at_once(self, case: Case) -> None:
        other = replace(ALPHA, owner="other")
        case.hosts.put(ALPHA)
        case.hosts.leave("alpha", "other")
        with pytest.raises(NameTaken):
            case.for_another().put(other)
        case.hosts.leave("alpha", "one")
        assert case.hosts.sizes().keys() == {"alpha"}
        assert not case.hosts.holds("alpha", "one")
        case.for_another().put(other)
        with pytest.raises(NameTaken):
            case.hosts.put(ALPHA)

    def test_a_process_that_starts_is_believed_for_a_while(self, redis_client: Redis) -> None:
        clock = Clock()
        hosts = RedisHosts(redis_client, elapsed=lambda: clock() / SECOND)
        assert hosts.holds("alpha", "one")
        clock.advance(HOST_SECONDS)
        assert not hosts.holds("alpha", "one")
        hosts.put(ALPHA)
        assert hosts.holds("alpha", "one")

    def test_one_whose_host_has_ended_is_free(self, case: Case) -> None:
        case.hosts.put(ALPHA)
        case.hosts.remove("alpha", "one")
        case.hosts.put(replace(ALPHA, owner="other"))
        case.hosts.remove("alpha")
        assert case.hosts.alive() == []


class TestTimeInWhichNobodyCouldCall:
    """Redis was paused or down. tests/hosts pauses one for real."""

    def test_makes_no_host_seem_lost(self, redis_client: Redis) -> None:
        hosts = RedisHosts(redis_client)
        hosts.put(ALPHA)
        hosts.expect(["beta"])
        before = served(redis_client)
        redis_client.hincrby(CLOCK, "at", -100 * SECOND)
        assert hosts.lost() == {}
        assert hosts.sizes().keys() == {"alpha"}
        assert served(redis_client) < before + 90 * SECOND

    def test_and_hosts_that_stay_silent_are_lost_all_the_same(self, redis_client: Redis) -> None:
        hosts = RedisHosts(redis_client)
        hosts.put(ALPHA)
        for _ in range(3):
            assert hosts.lost() == {}
            redis_client.hincrby(CLOCK, "at", -int(SERVED_SECONDS * SECOND))
        assert hosts.lost().keys() == {"alpha"}

    def test_a_clock_that_was_set_back_stands_still(self, redis_client: Redis) -> None:
        hosts = RedisHosts(redis_client)
        hosts.put(ALPHA)
        before = served(redis_client)
        redis_client.hincrby(CLOCK, "at", 3600 * SECOND)
        assert hosts.sizes().keys() == {"alpha"}
        assert served(redis_client) == before


def served(redis: Redis) -> int:
    """The time of the hosts' clock."""
    return int(cast(str, redis.hget(CLOCK, "served")))


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
    times = iter([0.0, 0.0, 0.19, 0.2, 0.3, 0.3, 0.4])
    hosts = RedisHosts(redis_client, 0.2, lambda: next(times))
    assert hosts.sizes() == {}
    RedisHosts(redis_client).put(ALPHA)
    assert hosts.sizes() == {}
    assert hosts.sizes().keys() == {"alpha"}
    hosts.put(BETA)
    assert hosts.sizes().keys() == {"alpha", "beta"}, "a process knows its own reports at once"
    hosts.remove("alpha")
    assert hosts.sizes().keys() == {"beta"}


def test_thousands_of_hosts_are_listed(redis_client: Redis) -> None:
    hosts = RedisHosts(redis_client)
    for number in range(8):
        hosts.put(replace(BETA, name=f"host-{number}"))
    size = cast(str, redis_client.hget(SIZES, "host-0"))
    seen_at = seen(redis_client)["host-0"]
    names = [f"other-{number}" for number in range(9_000)]
    redis_client.hset(SIZES, mapping=dict.fromkeys(names, size))
    redis_client.zadd(SEEN, dict.fromkeys(names, seen_at))
    assert len(hosts.sizes()) == 9_008
    assert len(hosts.groups()) == 1


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
