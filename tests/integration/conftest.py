"""Starts real Celery workers, each its own process, on a real Redis and a SQLite file."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import redis

from app.cli.up.instance import HOST
from app.cli.up.probes import http_answers
from app.infrastructure.redis.parking import RedisParking
from app.infrastructure.sqlite.store import SqliteStore
from tests.support.ports import free_port
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

KEY = "k" * 43
"""Of an admin."""
TO_START = 120
"""Seconds. A busy machine is no reason to fail."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where the stores of one test are, and how its workers are started."""

    folder: Path
    redis_url: str
    store: SqliteStore
    redis: redis.Redis
    environment: dict[str, str]

    @property
    def parking(self) -> RedisParking:
        return RedisParking(self.redis)

    def log_path(self, name: str) -> Path:
        """Of a worker by its name, or of the API."""
        return self.folder / f"{name}.log"

    @contextmanager
    def worker(self, queues: str, *, name: str = "one") -> Iterator[subprocess.Popen[bytes]]:
        """`celery -A tasks worker -Q <queues>` until the context ends; ready when it yields."""
        log_path = self.log_path(name)
        command = [sys.executable, "-m", "celery", "-q", "-A", "tasks", "worker", "-Q", queues]
        command += ["-l", "info", "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_until(
                lambda: " ready." in log_path.read_text(),
                within=TO_START,
                or_fail=log_path.read_text,
            )
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    @contextmanager
    def beat(self) -> Iterator[subprocess.Popen[bytes]]:
        """`celery -A tasks beat` until the context ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-q", "-A", "tasks", "beat"],
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """A client of the API, which needs `with_runtime`, until the context ends."""
        log_path, port = self.log_path("api"), free_port()
        command = [sys.executable, "-m", "app.server", "--bind", f"{HOST}:{port}"]
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_until(
                lambda: http_answers(HOST, port, "/healthz"),
                within=TO_START,
                or_fail=log_path.read_text,
            )
            yield httpx.Client(
                base_url=f"http://{HOST}:{port}",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=60,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def with_runtime(self, sandbox: SandboxDaemon, **settings: str) -> "Service":
        """The same, with a sandbox, a key and more settings."""
        return self.with_settings(
            PODLINE_RUNTIME_URL=f"unix://{sandbox.socket}", PODLINE_ADMIN_KEY=KEY, **settings
        )

    def with_settings(self, **settings: str) -> "Service":
        return replace(self, environment=self.environment | settings)


@pytest.fixture
def service(tmp_path: Path, redis_url: str, redis_client: redis.Redis) -> Service:
    environment = os.environ | {
        "PODLINE_DATABASE_URL": f"sqlite:///{tmp_path}/podline.db",
        "PODLINE_EVENT_LOG_URL": f"sqlite:///{tmp_path}/events.db",
        "PODLINE_REDIS_URL": redis_url,
        "PODLINE_RUNTIME_URL": f"unix://{tmp_path}/sandbox.sock",
        "PODLINE_DATA_DIR": str(tmp_path),
        "PODLINE_WORKER_CONCURRENCY": "2",
    }
    store = SqliteStore(tmp_path / "podline.db", timeout=30)
    return Service(tmp_path, redis_url, store, redis_client, environment)
