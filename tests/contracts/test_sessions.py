"""What every place for browser sessions does."""

from dataclasses import replace

import pytest

from app.domain.session import Session
from app.infrastructure.memory.sessions import MemorySessions
from app.infrastructure.redis.sessions import RedisSessions
from app.ports import Sessions
from tests.contracts.racing import race
from tests.support.builders import NOW
from tests.support.waiting import wait_until

MOST = 3
SESSION = Session(secret_hash="hash of a key", csrf_token="token", expires_at=NOW)


@pytest.fixture(params=["memory", "redis"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "memory":
        return MemorySessions()
    return RedisSessions(request.getfixturevalue("redis_client"))


def test_one_is_as_it_was_put(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60, MOST)
    assert sessions.get("a") == SESSION
    assert sessions.get("a") == SESSION
    assert sessions.get("b") is None


def test_one_is_taken_once(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60, MOST)
    taken = race(8, lambda _: sessions.take("a"))
    assert taken.count(SESSION) == 1
    assert taken.count(None) == 7
    assert sessions.get("a") is None


def test_they_expire(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 0.001, MOST)
    sessions.put("b", SESSION, 60, MOST)
    wait_until(lambda: sessions.get("a") is None)
    assert sessions.take("a") is None
    assert sessions.get("b") == SESSION


def kept(sessions: Sessions, hashes: str) -> str:
    return "".join(each for each in hashes if sessions.get(each))


def test_a_new_one_ends_the_oldest_beyond_the_maximum(sessions: Sessions) -> None:
    for later, each in enumerate("abc"):  # Redis orders them by the time when they expire.
        sessions.put(each, SESSION, 60 + later, MOST)
    assert kept(sessions, "abc") == "abc"
    sessions.put("d", SESSION, 63, MOST)
    assert kept(sessions, "abcd") == "bcd"


def test_other_keys_and_sign_in_tokens_count_apart(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60, 1)
    sessions.put("b", replace(SESSION, secret_hash="another"), 60, 1)
    sessions.put("c", replace(SESSION, for_sign_in=True), 60, 1)
    assert kept(sessions, "abc") == "abc"


def test_one_that_was_taken_or_has_expired_does_not_count(sessions: Sessions) -> None:
    sessions.put("a", SESSION, 60, 2)
    sessions.put("b", SESSION, 60, 2)
    assert sessions.take("b")
    sessions.put("c", SESSION, 0.001, 2)
    wait_until(lambda: sessions.get("c") is None)
    sessions.put("d", SESSION, 60, 2)
    assert kept(sessions, "abcd") == "ad"
