"""What every event log does, and that SQLite's errors become ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from threading import Thread
from typing import Protocol

import pytest

from app.domain.errors import EventLogUnavailable
from app.domain.execution import SECOND, Event
from app.infrastructure.cloudevents import CloudEvent, cloud_event
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.ports import EventLog
from tests.builders import NOW, accepted


class ReadableEventLog(EventLog, Protocol):
    def read(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]: ...


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, path: Path) -> ReadableEventLog:
    return MemoryEventLog() if request.param == "memory" else SqliteEventLog(path, timeout=10)


def some_events() -> list[Event]:
    """The first two of one execution."""
    execution, _, first = accepted()
    return [first, execution.admit(NOW + SECOND, NOW + 2 * SECOND).event]


def read_all(log: ReadableEventLog) -> list[CloudEvent]:
    return [event for _, event in log.read(0, 1_000)]


def test_events_are_read_as_cloud_events_in_the_order_of_arrival(log: ReadableEventLog) -> None:
    one, another = some_events(), some_events()
    log.append([one[0], another[0], another[1]])
    log.append([one[1]])
    in_order = [one[0], another[0], another[1], one[1]]
    assert read_all(log) == [cloud_event(event) for event in in_order]


def test_an_event_that_comes_again_is_in_it_once(log: ReadableEventLog) -> None:
    first, second = some_events()
    log.append([first, first])
    log.append([first, second])
    assert read_all(log) == [cloud_event(first), cloud_event(second)]


def test_reading_goes_on_behind_a_position(log: ReadableEventLog) -> None:
    events = some_events() + some_events()
    log.append(events)
    positions: list[int] = []
    while page := log.read(positions[-1] if positions else 0, 3):
        positions += [position for position, _ in page]
    assert positions == sorted(set(positions))
    assert len(positions) == len(events)


def test_nothing_to_append(log: ReadableEventLog) -> None:
    log.append([])
    assert read_all(log) == []


def test_many_threads_append(log: ReadableEventLog) -> None:
    batches = [some_events() for _ in range(8)]
    threads = [Thread(target=log.append, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [event["id"] for event in read_all(log)]
    assert sorted(ids) == sorted(event.id for batch in batches for event in batch)
    assert all(ids.index(first.id) < ids.index(second.id) for first, second in batches)


def test_it_is_well(log: ReadableEventLog) -> None:
    log.ping()


class TestSqlite:
    def test_another_process_reads_what_was_appended(self, path: Path) -> None:
        events = some_events()
        SqliteEventLog(path, timeout=0.1).append(events)
        assert len(SqliteEventLog(path, timeout=0.1).read(0, 10)) == 2

    def test_locked(self, path: Path) -> None:
        log = SqliteEventLog(path, timeout=0.1)
        log.ping()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(EventLogUnavailable, match="locked"):
                log.append(some_events())
            with pytest.raises(EventLogUnavailable, match="locked"):
                log.ping()
        log.append(some_events())
        assert len(read_all(log)) == 2

    def test_locked_from_the_start(self, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            log = SqliteEventLog(path, timeout=0.1)
            with pytest.raises(EventLogUnavailable, match="locked"):
                log.ping()
        log.ping()

    def test_no_folder(self, tmp_path: Path) -> None:
        log = SqliteEventLog(tmp_path / "nowhere" / "events.db", timeout=0.1)
        with pytest.raises(EventLogUnavailable, match="unable to open"):
            log.ping()

    def test_not_a_database(self, path: Path) -> None:
        path.write_bytes(b"something else entirely" * 100)
        with pytest.raises(EventLogUnavailable, match="not a database"):
            SqliteEventLog(path, timeout=0.1).ping()

    def test_disk_full(self, path: Path) -> None:
        log = SqliteEventLog(path, timeout=0.1)
        log.ping()
        with files_limited_to(path.stat().st_size), pytest.raises(EventLogUnavailable):
            log.append([event for _ in range(50) for event in some_events()])
        log.append(some_events())
        assert len(read_all(log)) == 2


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """A write beyond so many bytes of a file fails, as it does on a full disk."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
