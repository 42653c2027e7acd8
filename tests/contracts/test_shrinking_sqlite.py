"""SQLite's files shrink when rows are removed, step by step, and so do their logs."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.submission import File
from app.infrastructure.sqlite import space
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from app.settings import Settings
from app.wiring.files import make_shrinkable
from tests.support.builders import NOW, a_submission, accepted
from tests.support.disks import disk

KIB = 1024
LATER = NOW + 1


@pytest.fixture(autouse=True)
def little_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "RESERVED_PAGES", 8)
    monkeypatch.setattr(space, "LOG_BYTES", 256 * KIB)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "podline.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, timeout=1)) as store:
        yield store


def fill(store: SqliteStore, *, mib: int = 2) -> list[str]:
    program = a_submission(files=(File("main.py", os.urandom(64 * KIB)),))
    new = [accepted(program) for _ in range(mib * 16)]
    for each in new:
        store.executions.insert(*each, durable=False)
    return [row.id for row, *_ in new]


def remove(store: SqliteStore, ids: list[str]) -> None:
    with store._database.writing(durable=False) as connection:
        connection.executemany("DELETE FROM programs WHERE execution_id = ?", [[id] for id in ids])


def steps_until_small(store: SqliteStore | SqliteEventLog) -> int:
    steps = 1
    while store.shrink():
        steps += 1
    return steps


def test_a_file_shrinks_by_bounded_steps(store: SqliteStore, path: Path) -> None:
    remove(store, fill(store, mib=1))
    kept = fill(store, mib=1)
    remove(store, fill(store, mib=2))
    steps_until_small(store)
    assert path.stat().st_size < 2 * 1024 * KIB
    assert None not in [store.executions.submission(id) for id in kept]
    remove(store, kept)
    before = pages(path)
    assert store.shrink()
    assert before - pages(path) == space.STEP_PAGES
    assert steps_until_small(store) > 2
    assert path.stat().st_size < 1024 * KIB
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def pages(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def test_it_keeps_a_reserve(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "RESERVED_PAGES", 100)
    remove(store, fill(store))
    steps_until_small(store)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (100,)
    assert not store.shrink()


def test_a_large_log_is_cut_off(store: SqliteStore, path: Path) -> None:
    """It became large because somebody was reading for long."""
    store.ping()
    log = Path(f"{path}-wal")
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM executions").fetchone()
        fill(store)
        assert not store.shrink()
        assert log.stat().st_size > 2 * 1024 * KIB
    store.shrink()
    assert log.stat().st_size == 0


def test_a_log_that_starts_again_is_cut_off_by_a_writer(store: SqliteStore, path: Path) -> None:
    store.ping()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        fill(store)
        other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        store.ping()
    assert Path(f"{path}-wal").stat().st_size <= space.LOG_BYTES


def test_with_a_writer_at_work_the_log_stays(store: SqliteStore, path: Path) -> None:
    fill(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not store.shrink()
    store.shrink()
    assert Path(f"{path}-wal").stat().st_size == 0


def test_the_event_log_shrinks_too(tmp_path: Path) -> None:
    with closing(SqliteEventLog(tmp_path / "events.db", timeout=1)) as log:
        events = [accepted(owner="x" * 3000)[2] for _ in range(300)]
        log.append(events)
        log.append([accepted(now=LATER)[2]])
        assert log.remove_before(LATER, 1000) == 300
        steps_until_small(log)
        assert (tmp_path / "events.db").stat().st_size < 300 * 3000 / 2


class TestOlderFiles:
    @pytest.fixture
    def settings(self, tmp_path: Path, path: Path) -> Settings:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE large (content BLOB)")
            connection.execute("DROP TABLE large")
        return Settings(data_dir=tmp_path)

    def test_they_shrink_once_they_were_rewritten(
        self, settings: Settings, store: SqliteStore, path: Path
    ) -> None:
        remove(store, fill(store))
        assert not store.shrink()
        store.close()
        assert make_shrinkable(settings) == [path]
        assert path.stat().st_size < 1024 * KIB
        assert make_shrinkable(settings) == []
        remove(store, fill(store))
        assert store.shrink()

    def test_one_that_is_in_use_stays_as_it_is(
        self, settings: Settings, store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.ping()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert make_shrinkable(settings) == []
        assert "was not rewritten: database is locked" in caplog.text
        assert not store.shrink()

    def test_without_room_for_copies_it_stays_as_it_is(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with disk("tmpfs", tmp_path, 1) as place:
            with closing(sqlite3.connect(place / "podline.db")) as connection:
                connection.execute("CREATE TABLE large (content BLOB)")
                connection.execute("INSERT INTO large VALUES (?)", [os.urandom(400 * KIB)])
                connection.commit()
            assert make_shrinkable(Settings(data_dir=place)) == []
            assert "no room to rewrite it" in caplog.text
