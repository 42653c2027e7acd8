"""Real Celery workers on a real Redis and a SQLite file, one process for each test that asks."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from app.infrastructure.redis.parking import RedisParking
from app.infrastructure.sqlite.store import SqliteStore
from tests.waiting import wait_until


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
        return self.folder / f"worker-{name}.log"

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
            wait_until(lambda: " ready." in log_path.read_text(), or_fail=log_path.read_text)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


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
    store = SqliteStore(tmp_path / "podline.db", timeout=1.5)
    return Service(tmp_path, redis_url, store, redis_client, environment)
