"""The second place: three sandbox hosts in network namespaces, with their own stores."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import psutil
import redis

from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.wiring.stores import STORE_SECONDS
from podline import Client, PodlineError
from tests.chaos import up
from tests.chaos.acts import Clock, once, stopped
from tests.chaos.behind import BehindProxy
from tests.chaos.leftovers import Daemon, Left, merged, of_redis
from tests.chaos.plan import FaultKind
from tests.chaos.shop import Shop
from tests.hosts.test_lost import full
from tests.support.many_hosts import ManyHosts, SandboxHost
from tests.support.waiting import wait_until

NAMES: Final = ("alpha", "beta", "gamma")
SLOTS: Final = 2
"""Of each host."""
_DRAIN_SECONDS: Final = 60
_SLOW: Final = "256kbit"
_SLOW_SECONDS: Final = 0.2

KINDS: Final[Mapping[str, FaultKind]] = {
    "kill host": FaultKind(6),
    "kill worker of host": FaultKind(6),
    "kill sandbox of host": FaultKind(4),
    "end host": FaultKind(3),
    "kill api": FaultKind(4),
    "kill worker": FaultKind(5),
    "kill beat": FaultKind(2),
    "flush redis": FaultKind(8),
    "restart redis": FaultKind(4),
    "kill mongo": FaultKind(4),
    "cut clients": FaultKind(4),
    "cut connections": FaultKind(6),
    "stop host": FaultKind(3, (0.5, 12)),
    "stop worker of host": FaultKind(4, (0.5, 12)),
    "stop sandbox of host": FaultKind(4, (0.5, 12)),
    "cut off host": FaultKind(6, (0.5, 12)),
    "slow host": FaultKind(4, (1, 8)),
    "fill disk of host": FaultKind(3, (1, 6), alone=True),
    "step clock of host": FaultKind(4, (1, 8)),
    "stop api": FaultKind(2, (0.5, 5)),
    "stop worker": FaultKind(3, (0.5, 8)),
    "stop redis": FaultKind(4, (0.5, 8), alone=True),
    "stop mongo": FaultKind(4, (0.5, 8)),
    "slow clients": FaultKind(2, (1, 5)),
    "fail receiver": FaultKind(3, (0.5, 8)),
}


class Hosts(BehindProxy):
    """Stores, API, beat, a worker beside no host, and three hosts."""

    def __init__(self, folder: Path, executions: int) -> None:  # noqa: ARG002  # no disk to size
        self._folder = folder
        self._clocks = {name: Clock(folder, f"clock-of-{name}") for name in NAMES}
        own = {
            name: {"PODLINE_MAX_RUNNING": str(SLOTS), **clock.environment}
            for name, clock in self._clocks.items()
        }
        settings = up.SETTINGS | {
            "PODLINE_CALLBACK_NETWORKS": "10.0.0.0/8",
            "PODLINE_CALLBACK_SECRET": "c" * 40,
        }
        self._service = ManyHosts(folder, own, **settings)
        super().__init__(Shop(self._service.outside), self._port)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self._service)
            starting.enter_context(self.shop)
            starting.enter_context(self._proxy)
            self._store = MongoStore(self._service.mongo.url("podline"), timeout=STORE_SECONDS)
            self._running = starting.pop_all()
        return self

    @property
    def admin(self) -> Client:
        """Past the proxy."""
        return self._service.client()

    def blob_names(self, id: str) -> list[str]:  # noqa: ARG002  # the same in all places
        """None: that MongoDB has a blob too many is not looked for."""
        return []

    @property
    def event_log(self) -> SqliteEventLog:
        return SqliteEventLog(self._folder / "service" / "events.db", timeout=STORE_SECONDS)

    def wait_until_whole(self) -> None:
        """Wait until everything runs again."""
        wait_until(self._is_whole, within=120, or_fail=self._service.logs)
        for host in self._service.hosts.values():
            for part in ("sandbox", "worker"):
                self._part(host, part)

    def _is_whole(self) -> bool:
        with suppress(PodlineError):
            return self._service.shown().keys() == set(NAMES)
        return False

    def left(self) -> Left:
        daemons = [
            Daemon(self._part(host, "sandbox"), host.data / "sandbox").left()
            for host in self._service.hosts.values()
        ]
        busy = {
            f"{place.name}: {place.free} of {place.slots} slots are free"
            for place in self._service.shown().values()
            if place.free != place.slots
        }
        return merged(*daemons, {"slots of hosts": busy}, of_redis(self._service.redis))

    def logs(self) -> list[Path]:
        return sorted([*self._folder.glob("*.log"), *self._folder.glob("*/data/logs/*")])

    def inject(self, name: str, choice: int) -> AbstractContextManager[object]:
        """Cause a fault, for as long as the context lasts or once."""
        service, host = self._service, self._service.hosts[NAMES[choice % len(NAMES)]]
        match name:
            case "kill host":
                return once(host.kill, host.start)
            case "kill worker of host" | "kill sandbox of host":
                return once(lambda: self._part(host, name.split()[1]).kill())
            case "end host":
                return once(lambda: _end(host), host.start)
            case "kill api" | "kill worker" | "kill beat":
                return once(lambda: service.kill(name.split()[1]))
            case "flush redis":
                return once(self._flush)
            case "restart redis":
                return once(service.restart_redis)
            case "kill mongo":
                return once(service.mongo.kill, service.mongo.start)
            case "cut clients":
                return once(self._proxy.cut)
            case "cut connections":
                return once(lambda: _cut_connections(host))
            case "stop host":
                return stopped(self._part(host, "supervisor"), children=True)
            case "stop worker of host" | "stop sandbox of host":
                return stopped(self._part(host, name.split()[1]), children=False)
            case "cut off host":
                return host.cut_off()
            case "slow host":
                return host.slow(_SLOW)
            case "fill disk of host":
                return self._full(host)
            case "step clock of host":
                return self._clocks[host.name].stepped(choice)
            case "stop api" | "stop worker":
                return stopped(service.process(name.split()[1]), children=True)
            case "stop redis":
                return service.redis_stopped()
            case "stop mongo":
                return service.mongo.stopped()
            case "slow clients":
                return self._proxy.slow(_SLOW_SECONDS)
            case "fail receiver":
                return self.shop.failing()
        raise ValueError(f"no such fault: {name}")

    def _part(self, host: SandboxHost, name: str) -> psutil.Process:
        """Wait for it, as its supervisor may be about to start it."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            with suppress(AssertionError, psutil.NoSuchProcess):
                found[:] = [host.part(name)]
            return bool(found)

        wait_until(is_there, or_fail=host.log)
        return found[0]

    @contextmanager
    def _full(self, host: SandboxHost) -> Iterator[None]:
        self._part(host, "sandbox")
        with full(host):
            yield

    def _port(self) -> int:
        return int(self._service.url.rpartition(":")[2])

    def _flush(self) -> None:
        """If Redis is down, what it had is gone anyway."""
        with suppress(redis.RedisError):
            self._service.redis.flushall()


def _end(host: SandboxHost) -> None:
    """Let it drain, but not forever: what it needs for that may be down."""
    host.drain()
    try:
        host.wait(_DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        host.kill()


def _cut_connections(host: SandboxHost) -> None:
    """Break all TCP connections between the host and the stores."""
    subprocess.run(["ss", "--kill", "--tcp", "dst", host.address], check=True, capture_output=True)
