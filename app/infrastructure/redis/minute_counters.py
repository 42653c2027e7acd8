"""Counters per minute in Redis: a hash for each minute, which expires."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import redis

from app.domain.errors import CoordinationUnavailable
from app.domain.minutes import KEPT_MINUTES
from app.infrastructure.breaker import Breaker
from app.infrastructure.redis.connection import raises_unavailable
from app.infrastructure.redis.unanswered import Unanswered

EXPIRE_SECONDS: Final = (KEPT_MINUTES + 60) * 60

log = logging.getLogger(__name__)


class RedisMinuteCounters:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._unanswered = Unanswered(client)
        self._breaker = Breaker()

    def add(self, minute: int, counters: Iterable[str]) -> None:
        if not self._breaker.allows_call():
            return
        try:
            self._add(minute, counters)
        except CoordinationUnavailable as error:
            if self._breaker.failed():
                log.warning("ends are not counted while Redis is unavailable: %s", error)
        else:
            self._breaker.succeeded()

    @raises_unavailable
    def _add(self, minute: int, counters: Iterable[str]) -> None:
        key = _key(minute)
        self._unanswered.send(
            *(("HINCRBY", key, counter, 1) for counter in counters),
            ("EXPIRE", key, EXPIRE_SECONDS),
        )

    @raises_unavailable
    def note(self, minute: int, counter: str, value: int) -> None:
        with self._client.pipeline(transaction=False) as commands:
            commands.hset(_key(minute), counter, str(value))
            commands.expire(_key(minute), EXPIRE_SECONDS)
            commands.execute()

    @raises_unavailable
    def read(self, minutes: Sequence[int]) -> list[Mapping[str, int]]:
        with self._client.pipeline(transaction=False) as commands:
            for minute in minutes:
                commands.hgetall(_key(minute))
            found = cast(list[dict[str, str]], commands.execute())
        return [{name: int(count) for name, count in of_one.items()} for of_one in found]


def _key(minute: int) -> str:
    return f"podline:minute:{minute}"
