"""Dead letters parked in Redis."""

import json
from dataclasses import asdict
from typing import Final, cast

import redis

from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.infrastructure.redis.connection import raises_unavailable

PARKING: Final = "podline:parking"


class RedisParking:
    """A sorted set of dead letters by the time of the last failure. The letter is the member."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def park(self, letter: DeadLetter) -> None:
        self._client.zadd(PARKING, {_dumped(letter): letter.last_failed_at})

    @raises_unavailable
    def unpark(self, limit: int) -> list[DeadLetter]:
        oldest = cast(list[str], self._client.zrange(PARKING, 0, limit - 1))
        return [_loaded(text) for text in oldest]

    @raises_unavailable
    def done(self, letter: DeadLetter) -> None:
        self._client.zrem(PARKING, _dumped(letter))


def _dumped(letter: DeadLetter) -> str:
    facts = asdict(letter)
    if facts["traceback"] is None:
        del facts["traceback"]  # So that a member of an earlier release is found.
    return json.dumps(facts, sort_keys=True)


def _loaded(text: str) -> DeadLetter:
    facts = json.loads(text)
    facts["kind"] = DeadLetterKind(facts["kind"])
    facts["status"] = DeadLetterStatus(facts["status"])
    return DeadLetter(**facts)
