"""A running `podline up`, for tests that use it as users and operators do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import redis

from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.connection import connect
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.ports import Store
from app.settings import Settings
from app.settings.urls import socket_path
from app.wiring.stores import make_store
from podline import Client, Execution, Readiness, Unreachable
from tests.support.log_lines import entries
from tests.support.waiting import wait_until

WORD_OF = {
    "redis": "valkey-server",
    "sandbox": "sandbox.daemon",
    "api": "app.server",
    "worker": "worker",
    "beat": "beat",
    "flower": "app.flower",
}
"""A word in each child's command line that no other child's contains."""
FREE_PORT = {"PODLINE_FLOWER_PORT": "0", "PODLINE_MCP_PORT": "0"}
"""For Flower and the MCP server. Two that start at the same time would both find the usual ports
free.
"""

LOG_CHARACTERS = 1500
"""Of the end of each child's log, in the message of a test that fails."""


@dataclass(slots=True)
class Standalone:
    """One data folder, and the service in it while it is up."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Variables to add to the test's environment."""
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Start it, and wait until it responds."""
        self.data_dir.mkdir(exist_ok=True)
        command = [
            str(Path(sys.executable).with_name("podline")),
            "up",
            "--data-dir",
            str(self.data_dir),
        ]
        command += ["--port", "0", *self.options]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                env=os.environ | FREE_PORT | self.settings,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the API responds and has all that it needs."""
        wait_until(self._is_ready, within=240, or_fail=self.described)

    def _is_ready(self) -> bool:
        with suppress(OSError, Unreachable):
            return self._url_is_new() and all_up(self.client().readiness())
        return False

    def _url_is_new(self) -> bool:
        path = self.data_dir / "url"
        assert self._process is not None
        assert self._process.poll() is None, self.printed()
        return (
            path.exists()
            and path.stat().st_mtime >= psutil.Process(self._process.pid).create_time()
        )

    def down(self) -> None:
        """Stop it as Ctrl-C does, and wait. Leave nothing behind if it doesn't stop in time."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise
        self._process = None

    def client(self, *, retries: int = 4) -> Client:
        url = (self.data_dir / "url").read_text().strip()
        return Client(url, (self.data_dir / "key").read_text().strip(), retries=retries)

    def printed(self) -> str:
        """Return what `up` printed: a log, as nobody watches."""
        return self._log.read_text()

    def address(self, name: str) -> str:
        """Return where a child listens, or nothing before all of them run."""
        lines = entries(self.printed())
        found = [line["address"] for line in lines if line["message"] == f"{name} runs"]
        return found[-1] if found else ""

    def flower(self) -> httpx.Client:
        """A client of its Flower, which must run."""
        password = (self.data_dir / "flower-password").read_text().strip()
        return httpx.Client(base_url=self.address("flower"), auth=("podline", password))

    @property
    def _log(self) -> Path:
        """Beside the data folder, whose disk may be full."""
        return self.data_dir.with_name(f"{self.data_dir.name}.up.log")

    def described(self) -> str:
        """Return what is needed to understand why it doesn't do what a test expects."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(
            [self.printed(), self._readiness(), *map(_described, self.children())]
            + [f"{log.name}: …{log.read_text(errors='replace')[-LOG_CHARACTERS:]}" for log in logs]
        )

    def _readiness(self) -> str:
        try:
            return f"/readyz: {self.client(retries=0).readiness()}"
        except (OSError, Unreachable) as error:
            return f"/readyz: {error!r}"

    # What is behind it

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children()

    def child(self, name: str) -> psutil.Process:
        """Return a child, and wait for it, as some start only after the API responds."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            found[:] = self._children_called(name)
            return len(found) == 1

        wait_until(is_there, or_fail=self.described)
        return found[0]

    def _children_called(self, name: str) -> list[psutil.Process]:
        return [child for child in self.children() if _is(child, WORD_OF[name])]

    def kill(self, name: str) -> None:
        """Send SIGKILL to one part and its processes."""
        process = self.child(name)
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    def kill_everything(self) -> None:
        """Send SIGKILL to `up` and all its children at once."""
        assert self._process is not None
        everything = [*psutil.Process(self._process.pid).children(recursive=True)]
        self._process.kill()
        for process in everything:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        self._process = None

    def loaded_settings(self) -> Settings:
        environment = self.settings | {"PODLINE_DATA_DIR": str(self.data_dir)}
        if "--mongodb" in self.options:
            environment["PODLINE_DATABASE_URL"] = self.options[-1]
        with _environment(environment):
            return Settings.load()

    def redis(self) -> redis.Redis:
        return connect(self.loaded_settings().redis_url)

    def store(self) -> Store:
        return make_store(self.loaded_settings())

    def event_log(self) -> SqliteEventLog:
        return SqliteEventLog(self.data_dir / "events.db", timeout=5)

    def admission(self) -> RedisAdmissionQueue:
        return RedisAdmissionQueue(self.redis())

    def runtime(self) -> SandboxRuntime:
        path = socket_path(self.loaded_settings().runtime_url)
        assert path is not None
        return SandboxRuntime(path)


def all_up(readiness: Readiness) -> bool:
    """Whether every dependency is available. Workers and beat may still be about to start."""
    return all(each.state == "up" for each in readiness.dependencies.values())


def _described(child: psutil.Process) -> str:
    """A child that is young, or isn't there, is restarted again and again."""
    try:
        age = time.time() - child.create_time()
        return f"pid {child.pid}, {child.status()} for {age:.0f} s: {' '.join(child.cmdline())}"
    except psutil.NoSuchProcess:
        return f"pid {child.pid} has ended"


def _is(process: psutil.Process, word: str) -> bool:
    """Whether a word of the command line is this one or a path to it."""
    with suppress(psutil.NoSuchProcess):  # it ends just now
        return any(part.rpartition("/")[2] == word for part in " ".join(process.cmdline()).split())
    return False


@contextmanager
def running(standalone: Standalone) -> Iterator[Standalone]:
    """Run it until the context ends."""
    try:
        standalone.up()
        yield standalone
    finally:
        standalone.down()


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def submit_many(client: Client, sources: list[str], *, at_once: int = 8) -> list[Execution]:
    """Submit Bash programs, several at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda source: client.submit(source, language="bash"), sources))
