"""Dead letters parked in Redis."""

import json
from dataclasses import asdict
from typing import Final, cast

import redis
from pydantic import ConfigDict, TypeAdapter

from app.domain.dead_letter import DeadLetter
from app.infrastructure.readable import readable
from app.infrastructure.redis.connection import raises_unavailable

PARKING: Final = "podline:parking"
_EXACTLY: Final = TypeAdapter(tuple[DeadLetter], config=ConfigDict(extra="forbid"))
"""The config of the tuple applies to the dataclass, for which a TypeAdapter accepts none."""


class RedisParking:
    """A sorted set of dead letters by the time of the last failure. The letter is the member."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def park(self, letter: DeadLetter) -> None:
        self._client.zadd(PARKING, {_dumped(letter): letter.last_failed_at})

    @raises_unavailable
    def unpark(self, limit: int) -> list[DeadLetter]:
        """Those of a newer release stay for its own workers."""
        oldest = cast(list[str], self._client.zrange(PARKING, 0, limit - 1))
        named = (("a dead letter", text) for text in oldest)
        return [letter for _, letter in readable(_loaded, named, "{} that is parked in Redis")]

    @raises_unavailable
    def done(self, letter: DeadLetter) -> None:
        self._client.zrem(PARKING, _dumped(letter))


def _dumped(letter: DeadLetter) -> str:
    facts = asdict(letter)
    if facts["traceback"] is None:
        del facts["traceback"]  # So that a member of an earlier release is found.
    return json.dumps(facts, sort_keys=True)


def _loaded(text: str) -> DeadLetter:
    """Raises ValidationError for a field that this release would not write again."""
    return _EXACTLY.validate_python((json.loads(text),))[0]
