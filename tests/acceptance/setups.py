"""The ways to run the whole service, which tests know only by their addresses."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.domain.hosts import queues_of
from app.queues import QUEUES
from app.settings.folders import SANDBOX
from podline import Client
from tests.kubernetes.deployment import Hosts, deployed, node_address, node_run
from tests.support.kubernetes import service_image
from tests.support.kubernetes.image_packages import SETTING
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import a_namespace
from tests.support.kubernetes.nodes import REGISTRY, missing_of
from tests.support.local_packages import only_wheels_in, wheel
from tests.support.many_hosts import ManyHosts, SandboxHost
from tests.support.parts import start_part
from tests.support.ports import free_port
from tests.support.roles import HOST, Roles
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.standalone import Standalone, running
from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Service:
    """The URLs of its API and its Flower, and their credentials."""

    url: str
    key: str
    flower_url: str
    flower_login: tuple[str, str]
    queues: frozenset[str] = frozenset(QUEUES)
    """Those that Flower shows."""
    hosts: int = 1
    """How many places keep what they have compiled."""
    in_pods: bool = False
    """Programs run in pods of their own, which are slower to start and can take less input."""

    def client(self) -> Client:
        return Client(self.url, self.key)

    def flower(self) -> httpx.Client:
        return httpx.Client(base_url=self.flower_url, auth=self.flower_login)


@contextmanager
def standalone(folder: Path) -> Iterator[Service]:
    """`podline up`: one worker on all queues, SQLite, the local sandbox."""
    with running(Standalone(folder)) as up:
        _add_greeting(folder / SANDBOX, folder)
        wait_until(lambda: up.address("flower"), or_fail=up.printed)
        flower_url = up.address("flower")
        password = (folder / "flower-password").read_text().strip()
        with up.client() as client:
            url = client.url
        key = (folder / "key").read_text().strip()
        yield Service(url, key, flower_url, (up.loaded_settings().flower_user, password))


@contextmanager
def roles_and_sandbox(folder: Path) -> Iterator[Service]:
    """A worker for each queue, MongoDB's protocol, Kafka, the local sandbox."""
    daemon = SandboxDaemon(folder / "sandbox")
    daemon.folder.mkdir()
    daemon.start()
    _add_greeting(daemon.folder / "data", folder)
    try:
        with _roles(folder, f"unix://{daemon.socket}") as service:
            yield service
    finally:
        daemon.stop()


@contextmanager
def three_hosts(folder: Path) -> Iterator[Service]:
    """Sandbox hosts, each in a network namespace with its own daemon, worker and packages."""
    sizes = {name: {"PODLINE_MAX_RUNNING": "2"} for name in ("alpha", "beta", "gamma")}
    # A daemon tries its limits at each start, which a busy machine can spoil.
    settings = {"PODLINE_SANDBOX_UNHELD_LIMITS": "cpu,memory"}
    with ManyHosts(folder, sizes, **settings) as running, _flower(folder, running) as flower_url:
        _add_greeting_by_lock_file(running, folder)
        yield Service(
            running.url,
            running.key,
            flower_url,
            ("podline", running.key),
            _queues_with(sizes),
            hosts=len(sizes),
        )


def _queues_with(hosts: Iterable[str]) -> frozenset[str]:
    return frozenset(QUEUES).difference(("pods", "monitor")).union(*map(queues_of, hosts))


def _add_greeting_by_lock_file(running: ManyHosts, folder: Path) -> None:
    """Install it on one host, and what its lock file lists on the others, as operators do."""
    variables, lock = _only_greeting(folder), folder / "packages.lock"

    def packages(host: SandboxHost, *arguments: str) -> bytes:
        command = [sys.executable, "-m", "app.cli", "packages", *arguments]
        return _printed_by([*command, "--data-dir", str(host.data)], variables)

    first, *others = running.hosts.values()
    packages(first, "add", "python", "greeting")
    lock.write_bytes(packages(first, "lock", "python"))
    for other in others:
        packages(other, "add", "python", "--requirements", str(lock))


@contextmanager
def _flower(folder: Path, running: ManyHosts) -> Iterator[str]:
    """Start Flower, whose password is the first key."""
    port = free_port()
    environment = {**running.environment, "PODLINE_FLOWER_PASSWORD": running.key}
    process = start_part(
        *(folder / "flower.log", environment, "app.flower"),
        *(f"--address={HOST}", f"--port={port}"),
    )
    try:
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def hosts_on_cluster(folder: Path) -> Iterator[Service]:
    """compose/kubernetes with sandbox hosts in pods, which build packages from a lock file."""
    image = f"{service_image.name()}-languages"
    if missing_of([image]):
        command = [os.environ["CLUSTER_CONTROL"], "image"]
        service_image.make(command, f"{REGISTRY}{image}", ("python3", "g++", "nodejs"))
    lock = folder / "packages.lock"
    lock.write_bytes(_lock_of_greeting(folder))
    with (
        node_run(),
        _index(folder, node_address()) as index,
        deployed(
            folder / "overlay", hosts=Hosts(count=2, lock_file=lock, index=index), image=image
        ) as deployment,
    ):
        names = [
            pod.metadata.name for pod in deployment.hosts() if pod.metadata and pod.metadata.name
        ]
        yield Service(
            deployment.url("api", 8000),
            deployment.key,
            deployment.url("flower", 5555),
            ("podline", deployment.key),
            _queues_with(names),
            hosts=len(names),
        )


def _lock_of_greeting(folder: Path) -> bytes:
    command = [sys.executable, "-m", "sandbox.packages", "--data", str(folder / "data")]
    variables = _only_greeting(folder)
    _printed_by([*command, "add", "python", "greeting"], variables)
    return _printed_by([*command, "lock", "python"], variables)


@contextmanager
def _index(folder: Path, address: str) -> Iterator[Mapping[str, str]]:
    """Serve the wheels to pods, and return the variables of pip."""
    port = free_port(address)
    command = ("http.server", str(port), "--bind", address, "--directory", str(_wheels_of(folder)))
    server = start_part(folder / "index.log", os.environ, *command)
    try:
        yield {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": f"http://{address}:{port}/",
            "PIP_TRUSTED_HOST": address,
            "PIP_NO_CACHE_DIR": "1",
        }
    finally:
        server.kill()
        server.wait()


@contextmanager
def roles_and_cluster(folder: Path) -> Iterator[Service]:
    """The same, with a namespace of a cluster as the runtime."""
    settings = {
        "PODLINE_KUBERNETES__IMAGES": LANGUAGE_IMAGES,
        "PODLINE_KUBERNETES__PACKAGES": SETTING,
        "PODLINE_KUBERNETES__POD_IMAGE": pod_image().name,
        "PODLINE_KUBERNETES__IMAGE_PULL_POLICY": "Never",
    }
    with (
        a_namespace() as namespace,
        _roles(folder, f"kubernetes://{namespace}", settings) as service,
    ):
        yield service


def _add_greeting(data: Path, folder: Path) -> None:
    """Install for Python programs what the image of a cluster has: `greeting`."""
    command = [sys.executable, "-m", "sandbox.packages", "--data", str(data)]
    _printed_by([*command, "add", "python", "greeting"], _only_greeting(folder))


def _only_greeting(folder: Path) -> dict[str, str]:
    """Variables with which pip finds it."""
    wheels = _wheels_of(folder)
    wheels.mkdir()
    wheel(wheels, "greeting", "1.0", {"greeting.py": "WORD = 'hello'\n"})
    return only_wheels_in(wheels)


def _wheels_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-wheels")


def _printed_by(command: Sequence[str], variables: Mapping[str, str]) -> bytes:
    return subprocess.check_output(command, env=os.environ | variables)


@contextmanager
def _roles(
    folder: Path, runtime_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    in_pods = runtime_url.startswith("kubernetes:")
    with Roles(folder, runtime_url, settings=settings) as roles:
        yield Service(roles.url, roles.key, roles.flower_url, roles.flower_login, in_pods=in_pods)
