"""The sandbox hosts."""

import socket
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ports import Fleet
from app.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""See proc(5). Machines with copies of one disk have different ones."""


def make_fleet(settings: Settings, redis: "Redis | None" = None) -> Fleet:
    """All hosts, as this process sees them. Connects to nothing yet."""
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.hosts import RedisHosts

    hosts = RedisHosts(redis or connect(settings.redis_url), fresh_seconds=0.2)
    return Fleet(hosts, settings.host, _owner(settings.data_dir))


def _owner(data_dir: Path) -> str:
    """The same after a restart of this host, and another one anywhere else."""
    where = (_BOOT_ID.read_text(encoding="ascii"), socket.gethostname(), str(data_dir.absolute()))
    return sha256("\n".join(where).encode()).hexdigest()[:16]
