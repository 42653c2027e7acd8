"""What every place for browser sessions does."""

import time

import pytest

from app.domain.session import Session
from app.infrastructure.memory.sessions import MemorySessions
from app.infrastructure.redis.sessions import RedisSessions
from app.ports import Sessions
from tests.contracts.racing import race
from tests.support.builders import NOW
from tests.support.waiting import wait_until

SESSION = Session(secret_hash="hash of a key", csrf_token="token", expires_at=NOW)


@pytest.fixture(params=["memory", "redis"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "memory":
        return MemorySessions()
    return RedisSessions(request.getfixturevalue("redis_client"))


def test_one_is_as_it_was_put(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60)
    assert sessions.get("a") == SESSION
    assert sessions.get("a") == SESSION
    assert sessions.get("b") is None


def test_one_is_taken_once(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60)
    taken = race(8, lambda _: sessions.take("a"))
    assert taken.count(SESSION) == 1
    assert taken.count(None) == 7
    assert sessions.get("a") is None


def test_they_expire(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 0.001)
    sessions.put("b", SESSION, 60)
    began = time.monotonic()
    wait_until(lambda: sessions.get("a") is None)
    assert time.monotonic() - began < 10
    assert sessions.take("a") is None
    assert sessions.get("b") == SESSION
