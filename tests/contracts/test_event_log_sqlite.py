"""The event log in SQLite: its errors become ours, and what it stores beside the log."""

import re
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from app.domain.errors import EventLogFull, EventLogUnavailable, InvalidTarget
from app.domain.execution import SECOND
from app.domain.filters import EventFilter
from app.infrastructure.cloudevents import cloud_event
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.sqlite.event_log import SqliteEventLog
from tests.contracts.test_event_log import some_events
from tests.support.builders import NOW
from tests.support.disks import disk, kept_full
from tests.support.event_logs import EVERY, every_event, ids, pages


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture(params=["memory", "sqlite"])
def log_in_small_slices(
    request: pytest.FixtureRequest, path: Path
) -> MemoryEventLog | SqliteEventLog:
    if request.param == "memory":
        return MemoryEventLog(slice_size=3)
    return SqliteEventLog(path, timeout=10, slice_size=3)


def test_a_call_looks_at_one_slice(log_in_small_slices: MemoryEventLog | SqliteEventLog) -> None:
    events = [event for _ in range(4) for event in some_events()]
    log_in_small_slices.append(events)
    last = EventFilter(types=frozenset({events[-1].type}), until=NOW + 2 * SECOND)
    seen = [(len(page.events), page.at_end) for page in pages(log_in_small_slices, last)]
    assert seen == [(1, False), (2, False), (1, True)]
    nothing = EventFilter(types=frozenset({"nothing"}))
    assert [page.at_end for page in pages(log_in_small_slices, nothing)] == [False, False, True]


def test_emitted_again_events_have_their_ids_and_the_replays(
    log_in_small_slices: MemoryEventLog | SqliteEventLog,
) -> None:
    events = some_events()
    log_in_small_slices.append(events)
    log_in_small_slices.reemit("elsewhere", "r1", events)
    assert every_event(log_in_small_slices) == events
    expected = [cloud_event(event) | {"replayid": "r1"} for event in events]
    assert log_in_small_slices.reemitted("elsewhere") == expected
    assert log_in_small_slices.reemitted("nowhere") == []


def test_a_removal_keeps_others_from_writing_without_waiting_for_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels: list[str] = []

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            levels.extend(re.findall(r"synchronous = (\w+)", sql))
            return super().execute(sql, *arguments)

    SqliteEventLog(path, timeout=10).append(some_events())
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
    SqliteEventLog(path, timeout=10).remove_before(NOW + 10 * SECOND, 1)
    assert levels == ["NORMAL"]


def test_the_log_is_no_target(log_in_small_slices: MemoryEventLog | SqliteEventLog) -> None:
    with pytest.raises(InvalidTarget, match="the event log itself"):
        log_in_small_slices.reemit("events", "r1", some_events())


def test_a_start_in_time_leaves_out_what_came_before(path: Path) -> None:
    """By the timeline: in slices of one row, there is one call and not a hundred."""
    log = SqliteEventLog(path, timeout=10, slice_size=1)
    for hour in range(100):
        log.append(some_events(now=NOW + hour * 3600 * SECOND)[:1])
    (page,) = pages(log, EventFilter(since=NOW + 99 * 3600 * SECOND))
    assert len(page.events) == 1


def test_what_was_removed_is_not_searched(path: Path) -> None:
    """In slices of one row, there is one call and not a hundred."""
    log = SqliteEventLog(path, timeout=10, slice_size=1)
    for hour in range(50):
        log.append(some_events(now=NOW + hour * 3600 * SECOND))
    assert log.remove_before(NOW + 49 * 3600 * SECOND, 1000) == 98
    assert [len(page.events) for page in pages(log)] == [1, 1]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM timeline").fetchone() == (1,)


def test_what_an_old_replay_emitted_is_removed_too(path: Path) -> None:
    log, events = SqliteEventLog(path, timeout=10), some_events()
    old, young = (str(ULID.from_timestamp(NOW / SECOND + hours * 3600)) for hours in (1, 3))
    log.reemit("elsewhere", old, events)
    log.reemit("elsewhere", young, events)
    assert log.remove_before(NOW + 2 * 3600 * SECOND, 1) == 1
    assert log.remove_before(NOW + 2 * 3600 * SECOND, 10) == 1
    assert log.remove_before(NOW + 2 * 3600 * SECOND, 10) == 0
    assert {event["replayid"] for event in log.reemitted("elsewhere")} == {young}


def test_a_file_of_before_there_was_a_timeline(path: Path) -> None:
    old, new = some_events(), some_events(now=NOW + 3600 * SECOND)
    SqliteEventLog(path, timeout=10).append(old)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE timeline")
        connection.execute("PRAGMA user_version = 1")
    log = SqliteEventLog(path, timeout=10)
    assert ids(every_event(log, EventFilter(since=NOW))) == ids(old)
    log.append(new)
    assert ids(every_event(log, EventFilter(since=NOW))) == ids(old + new)
    assert ids(every_event(log, EventFilter(since=new[0].time))) == ids(new)


def test_what_is_no_event_is_left_out_and_counted(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SqliteEventLog(path, timeout=10)
    first, second = some_events()
    log.append([first, second])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET cloud_event = '{' WHERE id = ?", (first.id,))
    page = log.read(EVERY, None, 10)
    assert (ids(page.events), page.at_end) == ([second.id], True)
    assert "1 entries" in caplog.text


def test_another_process_reads_what_was_appended(path: Path) -> None:
    events = some_events()
    SqliteEventLog(path, timeout=0.1).append(events)
    assert every_event(SqliteEventLog(path, timeout=0.1)) == events


def test_locked(path: Path) -> None:
    log = SqliteEventLog(path, timeout=0.1)
    log.ping()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EventLogUnavailable, match="locked"):
            log.append(some_events())
        with pytest.raises(EventLogUnavailable, match="locked"):
            log.ping()
    log.append(some_events())
    assert len(every_event(log)) == 2


def test_locked_from_the_start(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        log = SqliteEventLog(path, timeout=0.1)
        with pytest.raises(EventLogUnavailable, match="locked"):
            log.ping()
    log.ping()


def test_no_folder(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "nowhere" / "events.db", timeout=0.1)
    with pytest.raises(EventLogUnavailable, match="no such folder"):
        log.ping()


def test_not_a_database(path: Path) -> None:
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(EventLogUnavailable, match="not a database"):
        SqliteEventLog(path, timeout=0.1).ping()


def test_disk_full(tmp_path: Path) -> None:
    with disk("tmpfs", tmp_path, 1) as place:
        log = SqliteEventLog(place / "events.db", timeout=0.1)
        log.append(some_events())
        with kept_full(place), pytest.raises(EventLogFull):
            log.append([event for _ in range(50) for event in some_events()])
        log.append(some_events())
        assert len(every_event(log)) == 4
