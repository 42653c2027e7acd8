"""The stores, admission queues and runtimes that must fulfil the same contract."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from app.domain.pod import Pod
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.runtime import MemoryRuntime
from app.infrastructure.memory.store import MemoryStore
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.sandbox.bays import SandboxBays
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import AdmissionQueue, Runtime, Store
from tests.contracts.programs import scripted
from tests.contracts.queued import AGEING
from tests.support.kubernetes.cluster import RuntimeAhead, a_runtime
from tests.support.mongo_server import MongoServer
from tests.support.own_redis import OwnRedis
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

TIMEOUT = 5.0
"""Seconds. Generous: these tests are about answers, not about waiting for them."""


@pytest.fixture
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Makes an empty store of the kind that it is asked for: memory, sqlite or mongo."""
    numbers = count(1)
    close: list[Callable[[], None]] = []

    def make(kind: str) -> Store:
        if kind == "memory":
            return MemoryStore()
        store: SqliteStore | MongoStore
        if kind == "sqlite":
            store = SqliteStore(tmp_path / f"{next(numbers)}.db", timeout=TIMEOUT)
        else:
            server: MongoServer = request.getfixturevalue("mongo_server")
            database = f"contract-{next(numbers)}"
            server.empty(database)
            store = MongoStore(server.url(database), timeout=TIMEOUT)
        close.append(store.close)
        return store

    yield make
    for each in close:
        each()


@pytest.fixture(params=["memory", "sqlite", "mongo"])
def store(request: pytest.FixtureRequest, a_store: Callable[[str], Store]) -> Store:
    """An empty store, of each kind in turn."""
    return a_store(request.param)


@pytest.fixture(params=["memory", "redis"])
def queue(request: pytest.FixtureRequest) -> AdmissionQueue:
    """An empty queue that is ready, of each kind in turn."""
    queue: AdmissionQueue = (
        MemoryAdmissionQueue(AGEING)
        if request.param == "memory"
        else RedisAdmissionQueue(request.getfixturevalue("redis_client"), AGEING)
    )
    queue.mark_ready()
    return queue


ON_CLUSTER = [
    pytest.param(kind, marks=pytest.mark.kubernetes) for kind in ("cluster", "started ahead")
]


class RuntimeOnHost(SandboxRuntime):
    """Creates a pod as a sandbox host's worker does: only in a bay that was reserved for it."""

    def __init__(self, daemon: SandboxDaemon) -> None:
        super().__init__(daemon.socket)
        self.bays = SandboxBays(daemon.socket)
        self.bays.open()

    def create(self, pod: Pod) -> None:
        wait_until(lambda: self.bays.wait(1), within=60)
        assert self.bays.take()
        with self.bays.held():
            super().create(pod)


@pytest.fixture(scope="session")
def runtime_on_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeOnHost]:
    daemon = SandboxDaemon(tmp_path_factory.mktemp("host"), bays=4, slots=2)
    daemon.start()
    runtime = RuntimeOnHost(daemon)
    yield runtime
    runtime.bays.close()
    assert daemon.stop() == 0


@pytest.fixture(
    params=["memory", "sandbox", pytest.param("host", marks=pytest.mark.long), *ON_CLUSTER]
)
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    """A runtime without pods, of each kind in turn. The twin knows `tests.contracts.programs`."""
    made: Runtime
    if request.param == "memory":
        made = MemoryRuntime(scripted)
    elif request.param == "cluster":
        made = a_runtime(request.getfixturevalue("namespace"))
    elif request.param == "started ahead":
        made = RuntimeAhead(request.getfixturevalue("namespace"), {"bash": 2, "c": 1})
    elif request.param == "host":
        made = request.getfixturevalue("runtime_on_host")
    else:
        daemon: SandboxDaemon = request.getfixturevalue("sandbox")
        made = daemon.runtime
    yield made
    for name in made.list_pods():
        made.delete(name)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """Runs already."""
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.stop()
