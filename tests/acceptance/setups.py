"""The ways to run the whole service, which tests know only by their addresses."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.settings.folders import SANDBOX
from podline import Client
from tests.support.kubernetes.image_packages import SETTING
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import a_namespace
from tests.support.local_packages import only_wheels_in, wheel
from tests.support.roles import Roles
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.standalone import Standalone, running
from tests.support.waiting import wait_until

FLOWER_OF_UP = re.compile(r"flower\s+\d+\s+(http://\S+)")


@dataclass(frozen=True, slots=True)
class Service:
    """The URLs of its API and its Flower, and their credentials."""

    url: str
    key: str
    flower_url: str
    flower_login: tuple[str, str]

    def client(self) -> Client:
        return Client(self.url, self.key)

    def flower(self) -> httpx.Client:
        return httpx.Client(base_url=self.flower_url, auth=self.flower_login)


@contextmanager
def standalone(folder: Path) -> Iterator[Service]:
    """`podline up`: one worker on all queues, SQLite, the local sandbox."""
    with running(Standalone(folder)) as up:
        _add_greeting(folder / SANDBOX, folder)
        wait_until(lambda: FLOWER_OF_UP.search(up.printed()), or_fail=up.printed)
        (flower_url,) = FLOWER_OF_UP.findall(up.printed())
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
    wheels = folder.with_name(f"{folder.name}-wheels")
    wheels.mkdir()
    wheel(wheels, "greeting", "1.0", {"greeting.py": "WORD = 'hello'\n"})
    subprocess.run(
        [sys.executable, "-m", "sandbox.packages", "--data", data, "add", "python", "greeting"],
        env=os.environ | only_wheels_in(wheels),
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def _roles(
    folder: Path, runtime_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    with Roles(folder, runtime_url, settings=settings) as roles:
        yield Service(roles.url, roles.key, roles.flower_url, roles.flower_login)
