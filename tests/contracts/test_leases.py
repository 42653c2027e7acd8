"""What every kind of lease does."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.infrastructure.memory.leases import MemoryLeases
from app.infrastructure.redis.leases import RedisLeases
from app.ports import Leases
from tests.support.waiting import wait_until

LONG = 60
SHORT = 0.05


@pytest.fixture(params=["memory", "redis"])
def leases(request: pytest.FixtureRequest) -> Leases:
    if request.param == "memory":
        return MemoryLeases()
    return RedisLeases(request.getfixturevalue("redis_client"))


def test_one_at_a_time(leases: Leases) -> None:
    assert leases.acquire("sweep", LONG) is not None
    assert leases.acquire("sweep", LONG) is None


def test_names_do_not_disturb_each_other(leases: Leases) -> None:
    assert leases.acquire("sweep", LONG) is not None
    assert leases.acquire("relay", LONG) is not None


def test_released_is_free(leases: Leases) -> None:
    lease = leases.acquire("sweep", LONG)
    assert lease is not None
    lease.release()
    assert leases.acquire("sweep", LONG) is not None


def test_it_frees_itself(leases: Leases) -> None:
    leases.acquire("sweep", SHORT)
    wait_until(lambda: leases.acquire("sweep", LONG))


def test_renewed_lasts(leases: Leases) -> None:
    short = leases.acquire("ends", SHORT)
    renewed = leases.acquire("sweep", 10 * SHORT)
    assert short is not None
    assert renewed is not None
    for _ in range(3):
        wait_until(lambda: leases.acquire("ends", 5 * SHORT))
        assert renewed.renew()
    assert leases.acquire("sweep", LONG) is None


def test_what_was_lost_is_neither_renewed_nor_released(leases: Leases) -> None:
    lost = leases.acquire("sweep", SHORT)
    assert lost is not None
    wait_until(lambda: leases.acquire("sweep", LONG))
    assert not lost.renew()
    lost.release()
    assert leases.acquire("sweep", LONG) is None


def test_another_thread_renews_and_releases(leases: Leases) -> None:
    lease = leases.acquire("sweep", LONG)
    assert lease is not None
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lease.renew).result()
        thread.submit(lease.release).result()
    assert not lease.renew()
    assert leases.acquire("sweep", LONG) is not None
