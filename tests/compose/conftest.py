"""The whole set of containers on a Docker engine, set up once: images, secrets, containers."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from podline import Client
from tests.support.waiting import wait_until

HERE = Path(__file__).parent
COMPOSE = HERE.parents[1] / "compose"
PROJECT = "podline-test"
PORT = "18000"


@dataclass(frozen=True, slots=True)
class Stack:
    """The service as Compose runs it, with stand-ins for the images of others."""

    command: Sequence[str]
    secrets: Path

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        """What the command printed. Fails with its error output."""
        done = subprocess.run(
            [*self.command, *arguments],
            env=os.environ
            | {"SECRETS": str(self.secrets), "API_PORT": PORT}
            | {"FLOWER_PORT": "15555", "MCP_PORT": "18080"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def client(self) -> Client:
        key = (self.secrets / "admin_key").read_text().strip()
        return Client(f"http://127.0.0.1:{PORT}", key)

    def containers(self, *services: str) -> list[str]:
        return self.compose("ps", "--quiet", *services).split()

    def health(self) -> dict[str, str]:
        """By the name of the container."""
        asked = "{{.Name}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
        said = docker("inspect", "--format", asked, *self.containers())
        return dict(line.removeprefix("/").split(" ", 1) for line in said.splitlines())

    def with_hosts(self) -> "Stack":
        """The same with sandbox hosts, not started."""
        return Stack(
            [*self.command, "--file", str(COMPOSE / "docker-compose.hosts.yml")], self.secrets
        )

    def start(self) -> None:
        """Start what does not run, and wait until all of it is healthy."""
        self.compose("up", "--detach")
        wait_until(self._is_healthy, within=240, or_fail=self._said)

    def _is_healthy(self) -> bool:
        return set(self.health().values()) == {"healthy"}

    def _said(self) -> str:
        return f"{self.health()}\n{self.compose('logs', '--no-color', '--tail=20')}"


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=True
    ).stdout


def _compose_command() -> list[str]:
    """Compose 2 or 1. Fails if no engine is available."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and _succeeds(*command, "version"):
            break
    else:
        pytest.fail("these tests need Docker Compose: `docker compose` or `docker-compose`")
    if not _succeeds("docker", "info"):
        pytest.fail("these tests need a Docker engine, and `docker info` finds none")
    return command


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start it, and wait until it is ready. Removes everything but the images at the end."""
    secrets = tmp_path_factory.mktemp("compose") / "secrets"
    subprocess.run([COMPOSE / "make-secrets", secrets], check=True, timeout=60)
    (secrets / "database_url").unlink()
    (secrets / "database_url").write_text("mongodb://mongodb/podline")  # asks for no password
    command = [
        *_compose_command(),
        *("--project-name", PROJECT),
        *("--file", str(COMPOSE / "docker-compose.yml")),
        *("--file", str(HERE / "docker-compose.test.yml")),
    ]
    stack = Stack(command, secrets)
    stack.compose("build", seconds=1800)
    try:
        stack.start()
        yield stack
    finally:
        # The file for hosts names their volumes, too.
        stack.with_hosts().compose("down", "--volumes", "--remove-orphans")
