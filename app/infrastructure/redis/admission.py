"""The admission queue and its slots in Redis."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final, cast
from urllib.parse import quote

import redis

from app.domain.execution import SECOND, Time
from app.domain.hosts import Group
from app.infrastructure.redis import versions
from app.infrastructure.redis.connection import raises_unavailable
from app.ports import Caps, QueueEntry

QUEUE: Final = "podline:lines:queue"
SLOTS: Final = "podline:lines:slots"
ENTRIES: Final = "podline:lines:entries"
READY: Final = "podline:lines:ready"
KEYS: Final = (
    QUEUE,
    SLOTS,
    ENTRIES,
    *(f"podline:lines:{name}" for name in ("used", "groups", "turns", "cells")),
    READY,
)
"""In the order in which admission.lua unpacks them.

A release that arranges them differently uses other names: for it, the queue is not ready and is
rebuilt from the database. Its migration removes these.
"""

ENTRIES_PER_CALL: Final = 500
"""Limits how long each call of a rebuild blocks other clients to a few milliseconds."""


class RedisAdmissionQueue:
    """Gives owners turns by effective band, slots held and waiting time; see admission.lua.

    Waiting entries are never updated: ageing is computed when a slot is assigned. Redis's own clock
    isn't used.

    Redis must not evict keys (`maxmemory-policy noeviction`).
    """

    def __init__(self, client: redis.Redis, ageing_seconds: float = 60) -> None:
        self._client = client
        self._ageing = max(1, int(ageing_seconds * SECOND))
        source = files(__package__).joinpath("admission.lua").read_text(encoding="utf-8")
        self._script = client.register_script(source)
        self._migrations = versions.migrations(client)

    @raises_unavailable
    def enter(self, entries: Sequence[QueueEntry]) -> None:
        for start in range(0, len(entries), ENTRIES_PER_CALL):
            some = entries[start : start + ENTRIES_PER_CALL]
            self._call("enter", *(part for entry in some for part in self._entering(entry)))

    def _entering(self, entry: QueueEntry) -> tuple[str | int, ...]:
        rank = entry.entered_at + entry.priority.band * self._ageing
        return entry.execution_id, _line(entry), entry.entered_at, rank

    @raises_unavailable
    def take(
        self,
        caps: Caps,
        now: Time,
        limit: int,
        *,
        entering: QueueEntry | None = None,
        leaving: str | None = None,
    ) -> list[str]:
        where = caps.total, _groups(caps.groups) if caps.groups else ""
        before = (leaving or "", *(self._entering(entering) if entering else ()))
        taken = self._call("take", *where, caps.per_owner, now, self._ageing, limit, *before)
        return cast(list[str], taken)

    @raises_unavailable
    def leave(self, execution_id: str, now: Time) -> None:
        self._call("leave", execution_id, now)

    @raises_unavailable
    def hold(self, entry: QueueEntry, now: Time, group: str | None = None) -> None:
        self._call("hold", entry.execution_id, _line(entry), group or "", now)

    @raises_unavailable
    def group(self, execution_id: str) -> str | None:
        return cast(str | None, self._call("group", execution_id)) or None

    @raises_unavailable
    def strays(self, groups: Iterable[str], limit: int) -> list[str]:
        return cast(list[str], self._call("strays", limit, *groups))

    @raises_unavailable
    def queue_position(self, execution_id: str) -> int | None:
        return cast(int | None, self._call("position", execution_id))

    @raises_unavailable
    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        if not execution_ids:
            return []
        found = self._client.hmget(ENTRIES, list(execution_ids))
        return [entry is not None for entry in found]

    @raises_unavailable
    def queued_by_owner(self, lines: int) -> Counter[str]:
        owners_and_lengths = iter(cast(list[str | int], self._call("lengths", lines)))
        total: Counter[str] = Counter()
        for owner, length in zip(owners_and_lengths, owners_and_lengths, strict=True):
            total[str(owner)] += int(length)
        return total

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
    def check_version(self) -> None:
        versions.refuse_if_newer(self._client, self._migrations)

    def upgrade(self) -> None:
        versions.bring_up_to_date(self._client, self._migrations)

    @raises_unavailable
    def ready(self) -> bool:
        self.check_version()
        return bool(self._client.exists(READY))

    @raises_unavailable
    def mark_ready(self) -> None:
        self._client.set(READY, 1)

    @raises_unavailable
    def clear(self) -> None:
        self._call("clear")

    def _call(self, operation: str, *arguments: str | int) -> object:
        return self._script(keys=KEYS, args=[operation, *arguments])


def _line(entry: QueueEntry) -> str:
    return f"{entry.priority.band}:{_quoted(entry.languages)}:{entry.owner}"


def _groups(groups: Sequence[Group]) -> str:
    return json.dumps(
        [(each.name, each.slots, list(map(_quoted, each.languages))) for each in groups]
    )


def _quoted(languages: str) -> str:
    """Without colons, which separate the parts of a line's name."""
    return quote(languages, safe=" ")
