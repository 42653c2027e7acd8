"""Upgrades of stored data: each step runs, whatever dies, and newer data is left unchanged."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from app.domain.errors import (
    CoordinationIsNewer,
    CoordinationUnavailable,
    EventLogIsNewer,
    IsNewer,
    StoreIsNewer,
    StoreUnavailable,
    Unavailable,
)
from app.infrastructure.mongo.documents import VersionDocument
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.mongo.versions import MongoVersions
from app.infrastructure.redis import versions as redis_versions
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.versions import RedisVersions
from app.infrastructure.sqlite import schema
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from app.infrastructure.sqlite.versions import Versions
from app.infrastructure.versions import VersionedData, upgrade
from tests.contracts.racing import race
from tests.support.builders import accepted
from tests.support.mongo_server import MongoServer

TIMEOUT = 5.0
NEWER = 99


@dataclass(frozen=True)
class Kind:
    """Empty data of one kind, and what makes its lease expire at once."""

    data: Callable[[], VersionedData]
    expire: Callable[[], object]
    lease_left: Callable[[], float]
    """In seconds."""


@pytest.fixture(params=["mongo", "redis"])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    if request.param == "redis":
        client: redis.Redis = request.getfixturevalue("redis_client")
        yield Kind(
            lambda: RedisVersions(client),
            lambda: client.delete(redis_versions.LEASE),
            lambda: client.ttl(redis_versions.LEASE),
        )
        return
    server: MongoServer = request.getfixturevalue("mongo_server")
    store = MongoStore(server.url(f"versions-{time.time_ns()}"), timeout=TIMEOUT)

    def documents() -> type[VersionDocument]:
        return store.connection.open()[VersionDocument]

    documents().objects.delete()
    yield Kind(
        lambda: MongoVersions(documents()),
        lambda: documents().objects.update(set__leased_until=0),
        lambda: documents().objects.first().leased_until - time.time(),
    )
    store.close()


class TestNumbers:
    def test_data_without_a_number_has_version_0(self, kind: Kind) -> None:
        assert kind.data().version() == 0

    def test_the_migrations_that_are_missing_run_in_order(self, kind: Kind) -> None:
        ran: list[int] = []
        steps = [lambda n=n: ran.append(n) for n in range(3)]
        upgrade(kind.data(), steps[:1])
        assert (ran, kind.data().version()) == ([0], 1)
        upgrade(kind.data(), steps)
        assert (ran, kind.data().version()) == ([0, 1, 2], 3)

    def test_a_number_is_never_lowered(self, kind: Kind) -> None:
        upgrade(kind.data(), [lambda: None] * 3)
        kind.data().advance(2)
        assert kind.data().version() == 3


class TestOneAtATime:
    def test_many_at_once_run_each_migration_once(self, kind: Kind) -> None:
        ran: list[int] = []
        steps = [lambda n=n: ran.append(n) for n in range(2)]

        def attempt(_: int) -> bool:
            try:
                upgrade(kind.data(), steps)
            except Unavailable:
                return False
            return True

        assert True in race(8, attempt)
        assert ran == [0, 1]
        assert kind.data().version() == 2

    def test_another_process_is_told_to_wait(self, kind: Kind) -> None:
        def step() -> None:
            with pytest.raises(Unavailable, match="another process is upgrading"):
                upgrade(kind.data(), [lambda: pytest.fail("two at once")])

        upgrade(kind.data(), [step])

    def test_what_failed_can_be_tried_again_at_once(self, kind: Kind) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            upgrade(kind.data(), [lambda: None, fail])
        assert kind.data().version() == 1
        upgrade(kind.data(), [lambda: pytest.fail("it ran already"), lambda: None])
        assert kind.data().version() == 2

    def test_a_process_that_is_killed_holds_others_up_until_its_lease_ends(
        self, kind: Kind
    ) -> None:
        killed = killed_child(lambda: upgrade(kind.data(), [lambda: None, kill_this_process]))
        assert killed
        assert kind.data().version() == 1
        assert 0 < kind.lease_left() <= 60
        with pytest.raises(Unavailable):
            upgrade(kind.data(), [lambda: None, lambda: None])
        kind.expire()
        upgrade(kind.data(), [lambda: pytest.fail("it ran already"), lambda: None])
        assert kind.data().version() == 2


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_child(act: Callable[[], None]) -> bool:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


class TestSqlite:
    def test_a_step_that_is_killed_leaves_the_file_as_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "podline.db"
        first = ("CREATE TABLE a (x)", "INSERT INTO a VALUES (1)")
        with closing(Database(path, timeout=TIMEOUT, versions=Versions([first]))) as database:
            database.upgrade()

        class Killed(Versions):
            def write(self, _: sqlite3.Connection) -> None:
                kill_this_process()

        second = ("ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = 2")
        killed = Killed([first, second])
        assert killed_child(Database(path, timeout=TIMEOUT, versions=killed).upgrade)
        with closing(sqlite3.connect(path)) as file:
            assert file.execute("SELECT * FROM a").fetchall() == [(1,)]

        upgraded = Database(path, timeout=TIMEOUT, versions=Versions([first, second]))
        with closing(upgraded), upgraded.reading() as connection:
            assert [tuple(row) for row in connection.execute("SELECT * FROM a")] == [(1, 2)]

    def test_a_process_that_still_runs_leaves_an_upgraded_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "podline.db"
        with closing(SqliteStore(path, timeout=TIMEOUT)) as store:
            store.ping()
            number(path, NEWER)
            for write in (store.ping, lambda: store.executions.insert(*accepted())):
                with pytest.raises(StoreIsNewer):
                    write()
        assert number_of(path) == NEWER


def number(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {version}")


def number_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        version: int = file.execute("PRAGMA user_version").fetchone()[0]
        return version


SAYS_WHAT_TO_DO = rf"has version {NEWER}, .* up to \d+\. Run the newer release, or .+\."


class TestNewer:
    """Data of a newer release is refused, and stays as it is."""

    def test_database_on_sqlite(self, tmp_path: Path) -> None:
        number(tmp_path / "podline.db", NEWER)
        store = SqliteStore(tmp_path / "podline.db", timeout=TIMEOUT)
        for use in (store.upgrade, store.ping, lambda: store.executions.get("01J")):
            refused(use, StoreIsNewer)
        assert number_of(tmp_path / "podline.db") == NEWER

    def test_a_file_with_a_damaged_version(self, tmp_path: Path) -> None:
        number(tmp_path / "podline.db", -1)
        store = SqliteStore(tmp_path / "podline.db", timeout=TIMEOUT)
        with pytest.raises(StoreIsNewer, match=r"^podline\.db has version -1, "):
            store.upgrade()
        assert number_of(tmp_path / "podline.db") == -1

    @pytest.mark.parametrize("version", range(schema.VERSIONS.newest))
    def test_a_file_whose_tables_are_newer_than_its_version(
        self, tmp_path: Path, version: int
    ) -> None:
        path = tmp_path / "podline.db"
        SqliteStore(path, timeout=TIMEOUT).upgrade()
        number(path, version)
        with pytest.raises(StoreUnavailable, match=rf"^podline\.db has version {version}, but"):
            SqliteStore(path, timeout=TIMEOUT).upgrade()
        assert number_of(path) == version

    def test_event_log_on_sqlite(self, tmp_path: Path) -> None:
        number(tmp_path / "events.db", NEWER)
        log = SqliteEventLog(tmp_path / "events.db", timeout=TIMEOUT)
        for use in (log.upgrade, log.ping, lambda: log.append([])):
            refused(use, EventLogIsNewer)
        assert number_of(tmp_path / "events.db") == NEWER

    def test_database_on_mongodb(self, mongo_server: MongoServer) -> None:
        url = mongo_server.url(f"newer-{time.time_ns()}")
        with closing(MongoStore(url, timeout=TIMEOUT)) as store:
            MongoVersions(store.connection.open()[VersionDocument]).advance(NEWER)
        with closing(MongoStore(url, timeout=TIMEOUT)) as store:
            for use in (store.upgrade, store.ping, lambda: store.executions.get("01J")):
                refused(use, StoreIsNewer)

    def test_data_in_redis(self, redis_client: redis.Redis) -> None:
        RedisVersions(redis_client).advance(NEWER)
        queue = RedisAdmissionQueue(redis_client)
        for use in (queue.check_version, queue.upgrade, queue.ready):
            refused(use, CoordinationIsNewer)
        assert redis_client.get(redis_versions.VERSION) == str(NEWER)

    def test_a_version_in_redis_that_is_no_number(self, redis_client: redis.Redis) -> None:
        redis_client.set(redis_versions.VERSION, "abc")
        with pytest.raises(CoordinationUnavailable, match="not a number: empty this Redis"):
            RedisAdmissionQueue(redis_client).upgrade()


def refused(use: Callable[[], object], error: type[IsNewer]) -> None:
    with pytest.raises(error, match=SAYS_WHAT_TO_DO):
        use()
