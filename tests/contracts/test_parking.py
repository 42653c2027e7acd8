"""What every place for parked dead letters does."""

from dataclasses import replace

import pytest

from app.domain.dead_letter import DeadLetterKind
from app.domain.execution import SECOND
from app.infrastructure.memory.parking import MemoryParking
from app.infrastructure.redis.parking import RedisParking
from app.ports import Parking
from tests.support.builders import NOW, a_dead_letter


@pytest.fixture(params=["memory", "redis"])
def parking(request: pytest.FixtureRequest) -> Parking:
    if request.param == "memory":
        return MemoryParking()
    return RedisParking(request.getfixturevalue("redis_client"))


def test_the_oldest_come_first(parking: Parking) -> None:
    letters = [a_dead_letter(last_failed_at=NOW + n * SECOND) for n in range(4)]
    for n in (2, 0, 3, 1):
        parking.park(letters[n])
    assert parking.unpark(3) == letters[:3]


def test_a_letter_comes_back_as_it_was(parking: Parking) -> None:
    letter = a_dead_letter(
        kind=DeadLetterKind.POISON,
        origin="queue:saga",
        execution_id=None,
        payload="AAECAw==",
        error="DecodeError: 'ä' \u2028 \x00",
        next_retry_at=None,
    )
    parking.park(letter)
    assert parking.unpark(1) == [letter]


def test_a_letter_stays_until_it_is_done(parking: Parking) -> None:
    first, second = a_dead_letter(), a_dead_letter(last_failed_at=NOW + 9 * SECOND)
    parking.park(first)
    parking.park(second)
    assert parking.unpark(1) == [first]
    assert parking.unpark(1) == [first]
    parking.done(first)
    parking.done(first)
    assert parking.unpark(10) == [second]


def test_a_failure_that_came_again_is_not_lost(parking: Parking) -> None:
    first = a_dead_letter()
    again = replace(first, last_failed_at=first.last_failed_at + SECOND)
    parking.park(first)
    parking.park(again)
    parking.done(first)
    assert parking.unpark(10) == [again]
