"""The first place: `podline up` on a small disk, with a clock that can be stepped."""

import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import psutil
import redis

from app.ports import EventLog
from app.settings.folders import BLOBS, SANDBOX
from app.wiring.stores import make_store
from podline import Client
from tests.chaos.acts import Clock, once, stopped
from tests.chaos.behind import BehindProxy
from tests.chaos.leftovers import Daemon, Left, merged, of_redis
from tests.chaos.plan import FaultKind
from tests.chaos.shop import Shop
from tests.faults.test_database_down import locked
from tests.support.constants import IMPATIENT, in_processes
from tests.support.disks import disk, kept_full
from tests.support.standalone import WORD_OF, Standalone

SLOTS: Final = 8
_MIB: Final = 64
_MIB_OF_ONE: Final = 0.06
"""Disk for each execution, about twice of what it takes."""
_SLOW_SECONDS: Final = 0.2

KINDS: Final[Mapping[str, FaultKind]] = {
    "kill worker": FaultKind(12),
    "kill sandbox": FaultKind(5),
    "kill api": FaultKind(5),
    "kill a process of the api": FaultKind(4),
    "kill redis": FaultKind(6),
    "kill beat": FaultKind(3),
    "kill everything": FaultKind(1, alone=True),
    "end worker": FaultKind(5),
    "end api": FaultKind(3),
    "end sandbox": FaultKind(2),
    "restart everything": FaultKind(1, alone=True),
    "flush redis": FaultKind(10),
    "cut clients": FaultKind(6),
    "stop worker": FaultKind(6, (0.5, 8)),
    "stop sandbox": FaultKind(6, (0.5, 8)),
    "stop api": FaultKind(3, (0.5, 5)),
    "stop redis": FaultKind(6, (0.5, 8)),
    "stop beat": FaultKind(2, (1, 8)),
    "stop everything": FaultKind(2, (0.5, 8), alone=True),
    "lock database": FaultKind(4, (0.5, 6)),
    "fill disk": FaultKind(6, (0.5, 6)),
    "step clock": FaultKind(5, (0.5, 8)),
    "slow clients": FaultKind(3, (1, 5)),
    "fail receiver": FaultKind(5, (0.5, 8)),
}

SETTINGS: Final = {
    **in_processes(
        **IMPATIENT,
        dead_letters__BACK_OFF_SECONDS=10,
        beat__dead_letters=5,
        # A part that is killed again and again is restarted at once, again and again.
        child__MAX_BACKOFF=1,
    ),
    "PODLINE_MAX_RUNNING": str(SLOTS),
    "PODLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
    "PODLINE_DISK_RESERVE_MIB": "0",
    # A daemon tries its limits at each start, which a busy machine can spoil.
    "PODLINE_SANDBOX_UNHELD_LIMITS": "cpu,memory",
}


class Up(BehindProxy):
    """`podline up`, behind a proxy, with a receiver of callbacks."""

    def __init__(self, folder: Path, executions: int) -> None:
        super().__init__(Shop(), self._port)
        self._folder = folder
        self._mib = _MIB + _MIB_OF_ONE * executions

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._disk = starting.enter_context(disk("tmpfs", self._folder, self._mib))
            self._clock = Clock(self._folder)
            settings = SETTINGS | self._clock.environment
            self._up = Standalone(self._disk, settings)
            starting.enter_context(self.shop)
            starting.enter_context(self._proxy)
            starting.callback(self._up.down)
            self._up.up()
            self._store = make_store(self._up.loaded_settings())
            self._running = starting.pop_all()
        return self

    @property
    def admin(self) -> Client:
        """Past the proxy."""
        return self._up.client()

    def blob_names(self, id: str) -> list[str]:
        folder = self._disk / BLOBS / id
        return os.listdir(folder) if folder.exists() else []

    @property
    def event_log(self) -> EventLog:
        return self._up.event_log()

    def wait_until_whole(self) -> None:
        """Wait until everything runs again."""
        for part in WORD_OF:
            self._up.child(part)
        self._up.wait_until_ready()

    def left(self) -> Left:
        daemon = Daemon(self._up.child("sandbox"), self._disk / SANDBOX)
        pods = {"pods": set(self._up.runtime().list_pods())}
        return merged(daemon.left(), pods, of_redis(self._up.redis()))

    def logs(self) -> list[Path]:
        return sorted((self._disk / "logs").iterdir())

    def inject(self, name: str, choice: int) -> AbstractContextManager[object]:
        """Cause a fault, for as long as the context lasts or once."""
        verb, _, object = name.partition(" ")
        match verb, object:
            case "kill", "everything":
                return once(self._up.kill_everything, self._up.up)
            case "kill", "a process of the api":
                return once(lambda: self._kill_one_of_api(choice))
            case "restart", "everything":
                return once(self._up.down, self._up.up)
            case "kill", part:
                return once(lambda: self._up.kill(part))
            case "end", part:
                return once(lambda: self._up.child(part).send_signal(signal.SIGTERM))
            case "flush", "redis":
                return once(self._flush)
            case "stop", "everything":
                return stopped(psutil.Process(self._up.pid), children=True)
            case "stop", part:
                return stopped(self._up.child(part), children=part == "api")
            case "lock", "database":
                return self._locked()
            case "fill", "disk":
                return kept_full(self._disk)
            case "step", "clock":
                return self._clock.stepped(choice)
            case "cut", "clients":
                return once(self._proxy.cut)
            case "slow", "clients":
                return self._proxy.slow(_SLOW_SECONDS)
            case "fail", "receiver":
                return self.shop.failing()
        raise ValueError(f"no such fault: {name}")

    def _kill_one_of_api(self, choice: int) -> None:
        processes = self._up.child("api").children()
        if processes:
            with suppress(psutil.NoSuchProcess):
                processes[choice % len(processes)].kill()

    def _flush(self) -> None:
        """If Redis is down, what it had is gone anyway."""
        with suppress(redis.RedisError):
            self._up.redis().flushall()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """If others keep the lock for too long, they have the fault among themselves."""
        with ExitStack() as held:
            with suppress(sqlite3.OperationalError):
                held.enter_context(locked(self._up, seconds=0))
            yield

    def _port(self) -> int:
        """Of the API, which may be another after a restart of everything."""
        try:
            url = (self._disk / "url").read_text()
        except FileNotFoundError as error:
            raise ValueError("it does not run") from error
        return int(url.strip().rpartition(":")[2])
