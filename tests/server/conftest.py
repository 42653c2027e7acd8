"""The API's HTTP server: in a thread with any WSGI application, or as a process."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.cli.up.probes import http_answers
from app.domain.language import Language
from app.infrastructure.sqlite.store import SqliteStore
from app.server.connections import Server, adjustments
from app.server.threads import Threads
from tests.support.ports import free_port
from tests.support.waiting import wait_until

HOST = "127.0.0.1"
KEY = "k" * 43
THREADS = 4
LARGEST_BODY = 100_000
SECONDS = 60


@dataclass(slots=True)
class Client:
    """A connection on which a test chooses the bytes."""

    port: int
    connection: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection((HOST, self.port), timeout=SECONDS)

    def send(self, data: bytes) -> "Client":
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(data)
        return self

    def rest(self) -> bytes:
        """Return everything that arrives until the server closes the connection."""
        return b"".join(iter(lambda: self.connection.recv(65536), b""))

    def close(self) -> None:
        self.connection.close()


def exchange(port: int, sent: bytes) -> bytes:
    """Send these bytes, and return the response until the server closes the connection."""
    client = Client(port)
    try:
        return client.send(sent).rest()
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a thread."""

    server: Server
    port: int
    thread: threading.Thread


Serve = Callable[..., Served]
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Run a server in a thread with an application."""
    running: list[Served] = []

    def start(
        application: Any,
        *,
        connections: int = 100,
        listening: socket.socket | None = None,
        **facts: Any,
    ) -> Served:
        listening = listening or socket.create_server((HOST, 0), backlog=1024)
        adj = adjustments(LARGEST_BODY, connections)
        server = Server(application, listening, Threads(THREADS), adj, **facts)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append(Served(server, listening.getsockname()[1], thread))
        return running[-1]

    yield start
    for served in running:
        if served.thread.is_alive():
            served.server.stop(grace_seconds=0)
        served.thread.join(SECONDS)
        assert not served.thread.is_alive()


@dataclass(slots=True)
class Api:
    """`python -m app.server`, with a language in its store, so that it needs no runtime."""

    port: int
    process: "subprocess.Popen[bytes]"

    def submit(self, body: bytes = b'{"language": "python", "source": "print(1)"}') -> bytes:
        head = (
            f"POST /api/v1/executions HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
            "Connection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return exchange(self.port, head.encode() + body)


@contextmanager
def api_process(folder: Path, *options: str, **environment: str) -> Iterator[Api]:
    store = SqliteStore(folder / "podline.db", timeout=5)
    store.languages.put(
        [Language(name="python", version="3.12", source_name="main.py", compiled=False)]
    )
    store.close()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.server", "--bind", f"{HOST}:{port}", *options],
        env={
            **os.environ,
            "PODLINE_DATA_DIR": str(folder),
            "PODLINE_ADMIN_KEY": KEY,
            **environment,
        },
        stderr=(folder / "api.log").open("wb"),
    )
    try:
        wait_until(
            lambda: http_answers(HOST, port, "/healthz"),
            or_fail=(folder / "api.log").read_text,
        )
        yield Api(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=SECONDS)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with api_process(tmp_path_factory.mktemp("api")) as api:
        yield api
