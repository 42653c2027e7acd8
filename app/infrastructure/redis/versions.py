"""The version of Podline's keys in Redis.

The version counts for all of them: queue and slots, leases, parked failures, and live output. If
Redis loses its data, the number is lost too; the migrations then run again and find nothing to do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, cast

import redis
from redis.exceptions import LockError

from app.domain.errors import CoordinationIsNewer, CoordinationUnavailable
from app.infrastructure.redis.connection import raises_unavailable
from app.infrastructure.versions import Migration, refuse_newer, upgrade

VERSION: Final = "podline:version"
LEASE: Final = "podline:lease:upgrade"
LEASE_SECONDS: Final = 60
"""How long after a process dies in an upgrade another one continues."""

ADVANCE: Final = """
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
end
"""

EARLIER_OWNERS: Final = "podline:owner_of"
EARLIER_QUEUE: Final = "podline:queue"
EARLIER_KEYS: Final = (
    EARLIER_OWNERS,
    EARLIER_QUEUE,
    *(f"podline:{name}" for name in ("heads", "slots", "used", "cap", "ready")),
)
"""Keys of the queue without turns, which also had `<queue>:<owner>` for each owner."""

TURNS: Final = "podline:turns"
TURNS_KEYS: Final = tuple(
    f"{TURNS}:{name}" for name in ("queue", "slots", "entries", "used", "turns", "cells", "ready")
)
"""Keys of the queue without languages. It also had two for each lane and each cell:
`<queue>:lane:<lane>` and `<queue>:heads:<cell>`.
"""


def migrations(client: redis.Redis) -> list[Migration]:
    def remove_queue_without_turns() -> None:
        """Delete the keys. The sweep rebuilds the queue from the database, under other names."""
        owners = set(cast(list[str], client.hvals(EARLIER_OWNERS)))
        client.unlink(*EARLIER_KEYS, *(f"{EARLIER_QUEUE}:{owner}" for owner in owners))

    def remove_queue_without_languages() -> None:
        lanes = set(cast(list[str], client.hvals(f"{TURNS}:entries")))
        cells = cast(list[str], client.zrange(f"{TURNS}:cells", 0, -1))
        client.unlink(
            *TURNS_KEYS,
            *(f"{TURNS}:queue:lane:{lane}" for lane in lanes),
            *(f"{TURNS}:queue:heads:{cell}" for cell in cells),
        )

    return [remove_queue_without_turns, remove_queue_without_languages]


@raises_unavailable
def bring_up_to_date(client: redis.Redis, migrations: Sequence[Migration]) -> None:
    """Raises CoordinationIsNewer.

    Raises CoordinationUnavailable while another process upgrades the keys.
    """
    refuse_if_newer(client, migrations)
    upgrade(RedisVersions(client), migrations)


def refuse_if_newer(client: redis.Redis, migrations: Sequence[Migration]) -> None:
    """Raises CoordinationIsNewer."""
    refuse_newer(
        RedisVersions(client).version(),
        len(migrations),
        what=lambda: "the data in Redis",
        otherwise="empty this Redis: the queue is rebuilt from the database",
        error=CoordinationIsNewer,
    )


class RedisVersions:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def version(self) -> int:
        """Raises CoordinationUnavailable if what is stored is no number."""
        found = cast(str | None, self._client.get(VERSION)) or "0"
        if not found.isdecimal():
            raise CoordinationUnavailable(
                f"{VERSION} in Redis is not a number: empty this Redis, and the queue is rebuilt "
                "from the database"
            )
        return int(found)

    def advance(self, version: int) -> None:
        self._client.eval(ADVANCE, 1, VERSION, version)

    @contextmanager
    def lease(self) -> Iterator[None]:
        lease = self._client.lock(LEASE, timeout=LEASE_SECONDS, blocking=False)
        if not lease.acquire():
            raise CoordinationUnavailable("another process is upgrading the data in Redis")
        try:
            yield
        finally:
            with suppress(LockError):
                lease.release()
