"""The admission queue and its slots in Redis."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final, cast

import redis

from app.domain.execution import SECOND, Time
from app.infrastructure.redis.connection import raises_unavailable
from app.ports import Caps, QueueEntry

QUEUE: Final = "podline:queue"
SLOTS: Final = "podline:slots"
OWNER_OF: Final = "podline:owner_of"
READY: Final = "podline:ready"
KEYS: Final = (QUEUE, "podline:heads", SLOTS, OWNER_OF, "podline:used", "podline:cap", READY)
"""In the order in which admission.lua unpacks them."""

ENTRIES_PER_CALL: Final = 500
"""So that a rebuild does not hold up other clients for more than some milliseconds a call."""


class RedisAdmissionQueue:
    """One order for all: an entry's score is `created_at + band * ageing_seconds`.

    The lowest score goes first, so five bands, first come first served within a band, and ageing
    are one comparison: an entry beats any entry of the next higher band that was created more
    than `ageing_seconds` after it, and so on for each further band. Nothing has to be updated
    while entries wait, and a background entry is never overtaken by what is created more than
    four times `ageing_seconds` after it.

    Needs a Redis that evicts nothing (`maxmemory-policy noeviction`).
    """

    def __init__(self, client: redis.Redis, ageing_seconds: float = 60) -> None:
        self._client = client
        self._ageing = int(ageing_seconds * SECOND)
        source = files(__package__).joinpath("admission.lua").read_text(encoding="utf-8")
        self._script = client.register_script(source)

    @raises_unavailable
    def enter(self, entries: Sequence[QueueEntry]) -> None:
        for start in range(0, len(entries), ENTRIES_PER_CALL):
            arguments: list[str | int] = []
            for entry in entries[start : start + ENTRIES_PER_CALL]:
                arguments += entry.execution_id, entry.owner, self._score(entry)
            self._call("enter", *arguments)

    @raises_unavailable
    def take(self, caps: Caps, now: Time, limit: int) -> list[str]:
        return cast(list[str], self._call("take", caps.total, caps.per_owner, now, limit))

    @raises_unavailable
    def leave(self, execution_id: str) -> None:
        self._call("leave", execution_id)

    @raises_unavailable
    def hold(self, entry: QueueEntry, now: Time) -> None:
        self._call("hold", entry.execution_id, entry.owner, now)

    @raises_unavailable
    def position(self, execution_id: str) -> int | None:
        rank = cast(int | None, self._client.zrank(QUEUE, execution_id))
        return None if rank is None else rank + 1

    @raises_unavailable
    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        if not execution_ids:
            return []
        owners = self._client.hmget(OWNER_OF, list(execution_ids))
        return [owner is not None for owner in owners]

    @raises_unavailable
    def slots(self, taken_before: Time, limit: int) -> list[str]:
        old = self._client.zrangebyscore(SLOTS, "-inf", f"({taken_before}", start=0, num=limit)
        return cast(list[str], old)

    @raises_unavailable
    def slots_used(self) -> int:
        return self._client.zcard(SLOTS)

    @raises_unavailable
    def length(self) -> int:
        return self._client.zcard(QUEUE)

    @raises_unavailable
    def ready(self) -> bool:
        return bool(self._client.exists(READY))

    @raises_unavailable
    def mark_ready(self) -> None:
        self._client.set(READY, 1)

    @raises_unavailable
    def clear(self) -> None:
        self._call("clear")

    def _call(self, operation: str, *arguments: str | int) -> object:
        return self._script(keys=KEYS, args=[operation, *arguments])

    def _score(self, entry: QueueEntry) -> Time:
        return entry.entered_at + entry.priority.band * self._ageing
