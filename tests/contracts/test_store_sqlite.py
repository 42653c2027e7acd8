"""What only the SQLite store does: its file, its processes, its query plans."""

import errno
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path

import pytest

from app.domain.errors import StoreFull, StoreUnavailable
from app.domain.execution import TERMINAL, UNFINISHED, State
from app.domain.filters import ExecutionFilter
from app.domain.submission import File
from app.infrastructure import codec
from app.infrastructure.sqlite import (
    batches,
    counts,
    dead_letters,
    deliveries,
    events_to_relay,
    executions,
    idempotency,
    keys,
    languages,
    replays,
    results,
    rows,
    schema,
    usage,
)
from app.infrastructure.sqlite.database import WRITER_CACHE_KIB, fold_log
from app.infrastructure.sqlite.listing import listing
from app.infrastructure.sqlite.store import SqliteStore
from tests.contracts.racing import race
from tests.contracts.rows import LATER, put_removable
from tests.support.builders import NOW, a_replay, a_submission, accepted
from tests.support.waiting import is_quick

TIMEOUT = 0.4
SLACK = 0.8
"""For a machine that is busy with other tests."""
ALL = frozenset(State)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "podline.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, timeout=TIMEOUT)
    yield store
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system to fill it")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another connection holds the write lock for long."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill the file system, except for what it reserves."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    yield
    filler.unlink()


def is_unavailable(store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailable):
        store.ping()


class TestUnavailable:
    def test_a_locked_file_is_reported_within_the_timeout(
        self, store: SqliteStore, path: Path
    ) -> None:
        row, *_ = new = accepted()
        assert store.executions.insert(*new)
        with locked(path):

            def begin() -> None:
                with pytest.raises(StoreUnavailable, match="locked"):
                    store.executions.begin(row.id, ALL, "admit", NOW, NOW)

            assert is_quick(begin, seconds=TIMEOUT + SLACK)
            assert store.executions.get(row.id) == row
        assert store.executions.begin(row.id, ALL, "admit", NOW, NOW)

    def test_threads_that_queue_for_a_locked_file_wait_no_longer(
        self, store: SqliteStore, path: Path
    ) -> None:
        store.ping()
        with locked(path):
            assert is_quick(
                lambda: race(8, lambda _: is_unavailable(store)), seconds=TIMEOUT + SLACK
            )
        store.ping()

    def test_a_full_disk_loses_nothing_and_recovers(self, small_disk: Path) -> None:
        store = SqliteStore(small_disk / "podline.db", timeout=TIMEOUT)
        row, *_ = new = accepted()
        assert store.executions.insert(*new)
        large = accepted(a_submission(files=(File("main.py", b"x" * 700_000),)))
        with filled(small_disk):
            with pytest.raises(StoreFull, match="full"):
                store.executions.insert(*large)
            assert store.executions.get(row.id) == row
            assert store.executions.get(large[0].id) is None
        assert store.executions.insert(*large)
        store.close()

    def test_a_disk_that_is_full_at_the_start_is_reported_as_such(self, small_disk: Path) -> None:
        """SQLite reports missing space for its shared memory as an I/O error."""
        path = small_disk / "podline.db"
        store = SqliteStore(path, timeout=TIMEOUT)
        row, *_ = new = accepted()
        assert store.executions.insert(*new)
        store.close()
        with filled(small_disk), pytest.raises(StoreFull):
            SqliteStore(path, timeout=TIMEOUT).executions.get(row.id)

    def test_a_log_that_stays_beside_the_file_at_a_stop_is_reported(
        self, store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            store.ping()
            other.execute("BEGIN")
            other.execute("PRAGMA user_version").fetchone()
            assert store.executions.insert(*accepted())
            store.close()
            fold_log(path, timeout=0)
        assert caplog.messages == [
            f"{path} is complete only together with {path}-wal: it is in use"
        ]
        caplog.clear()
        fold_log(path)
        assert caplog.messages == []
        path.write_bytes(b"not a database at all" * 100)
        fold_log(path)
        assert caplog.messages == [
            f"{path} is complete only together with {path}-wal: file is not a database"
        ]

    def test_a_folder_that_is_missing_is_reported(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailable, match="unable to open"):
            SqliteStore(tmp_path / "missing" / "podline.db", timeout=TIMEOUT).ping()

    def test_a_file_that_is_no_database_is_reported(self, store: SqliteStore, path: Path) -> None:
        path.write_bytes(b"not a database at all" * 100)
        with pytest.raises(StoreUnavailable, match="not a database"):
            store.executions.get("01J")

    def test_a_file_of_a_newer_version_is_left_alone(self, store: SqliteStore, path: Path) -> None:
        with sqlite3.connect(path) as newer:
            newer.execute("PRAGMA user_version = 99")
        with pytest.raises(StoreUnavailable, match="version 99"):
            store.ping()

    def test_a_file_of_the_first_version_is_brought_up_to_date(
        self, store: SqliteStore, path: Path
    ) -> None:
        row, _, _ = accepted()
        with sqlite3.connect(path) as older:
            for statement in schema.FIRST:
                older.execute(statement)
            values = rows.from_execution(row) | {"relayed": 1}
            values["completed_at"] = values.pop("ended_at")
            del values["rebuilt_at"], values["callback"], values["batch_id"]
            usage = ("key_id", "cpu_us", "stored_bytes", "usage_at")
            for newer in (*usage, "door_data", "held_until", "wrong_runs", "place"):
                del values[newer]
            columns = ", ".join(values)
            parameters = ", ".join(f":{name}" for name in values)
            older.execute(f"INSERT INTO executions ({columns}) VALUES ({parameters})", values)
            older.execute("PRAGMA user_version = 1")
        assert store.executions.get(row.id) == row
        assert store.executions.insert(*accepted())
        assert store.executions.apply(row.cancel(NOW, NOW))
        assert store.counts.unfinished("ada") == 1


def test_replays_of_an_older_file_are_removed_in_their_time(path: Path) -> None:
    running, ended = a_replay(), a_replay().cancel(NOW)
    with sqlite3.connect(path) as older:
        for statement in chain(schema.FIRST, schema.REPLAYS):
            older.execute(statement)
        for replay in (running, ended):
            text = codec.REPLAY.dump_json(replay).decode()
            row = (replay.id, replay.version, replay.next_action_at, text)
            older.execute("INSERT INTO replays VALUES (?, ?, ?, ?)", row)
        older.execute("PRAGMA user_version = 2")
    store = SqliteStore(path, timeout=TIMEOUT)
    assert store.replays.remove_ended_before(NOW + 1, 10) == 1
    assert store.replays.page(None, 10) == [running]
    store.close()


def test_a_new_file_can_be_opened_while_another_process_creates_it(
    path: Path, store: SqliteStore
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ends = threading.Timer(TIMEOUT / 4, other.rollback)
        ends.start()
        store.ping()
        ends.join()


def test_a_removal_that_takes_long_lets_others_write(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "REMOVAL_SECONDS", 0)
    put_removable(store, 3)
    removed = [len(store.executions.remove_ended_before(LATER, 10)) for _ in range(4)]
    assert removed == [1, 1, 1, 0]


@pytest.mark.parametrize("durable", [False, True])
def test_a_connection_that_writes_keeps_few_pages(store: SqliteStore, durable: bool) -> None:
    with store._database.writing(durable=durable) as connection:
        (size,) = connection.execute("PRAGMA cache_size").fetchone()
    assert size == -WRITER_CACHE_KIB


class TestSync:
    """What was written without waiting for the disk."""

    @pytest.fixture
    def synced(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The files that were synced by this process itself, and not by SQLite."""
        files: list[str] = []
        monkeypatch.setattr(
            os, "fdatasync", lambda fd: files.append(os.readlink(f"/proc/self/fd/{fd}"))
        )
        return files

    def test_only_the_log_is_synced(
        self, store: SqliteStore, path: Path, synced: list[str]
    ) -> None:
        store.executions.insert(*accepted(), durable=False)
        assert synced == []
        store.executions.make_durable()
        assert synced == [f"{path}-wal"]

    def test_it_waits_for_no_writer(self, store: SqliteStore, path: Path) -> None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            store.executions.make_durable()

    def test_a_log_that_was_folded_into_the_file_needs_none(
        self, store: SqliteStore, path: Path
    ) -> None:
        store.close()
        assert not Path(f"{path}-wal").exists()
        store.executions.make_durable()

    def test_a_disk_that_fails_is_reported(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int) -> None:
            raise OSError(errno.EIO, "the disk failed")

        monkeypatch.setattr(os, "fdatasync", fail)
        store.ping()
        with pytest.raises(StoreUnavailable, match="the disk failed"):
            store.executions.make_durable()


def test_a_bug_in_a_statement_is_no_unavailability(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError), store._database.reading() as connection:
        connection.execute("SELECT nothing FROM nowhere")


class TestProcesses:
    def test_many_processes_make_the_file_at_once(self, store: SqliteStore, path: Path) -> None:
        processes = [
            subprocess.Popen([sys.executable, "-c", INSERT_ONE, path], cwd=Path.cwd())
            for _ in range(4)
        ]
        assert [process.wait() for process in processes] == [0] * 4
        assert sum(store.counts.by_state().values()) == 4

    def test_they_share_a_quota(self, store: SqliteStore, path: Path) -> None:
        with closing(SqliteStore(path, timeout=TIMEOUT)) as other:
            new = [accepted(owner="ada") for _ in range(12)]
            both = (store, other)
            inserted = race(12, lambda n: both[n % 2].executions.insert(*new[n], quota=5))
        assert sum(inserted) == store.counts.unfinished("ada") == 5


INSERT_ONE = """
import os, sys
from pathlib import Path
from app.infrastructure.sqlite.store import SqliteStore
from tests.support.builders import accepted
store = SqliteStore(Path(sys.argv[1]), timeout=20)
assert store.executions.insert(*accepted(id=f"01J{os.getpid()}"))
"""

LISTS_ALL = {"api_keys", "dead_letters_by_status", "json_each", "waiting", "CONSTANT"}
"""Read to the end because all of it is the answer: few rows, a parameter, a limited subquery,
one row of constants."""


class TestPlans:
    def test_no_statement_scans_a_table(self, store: SqliteStore) -> None:
        store.ping()
        scans = {
            f"{table} in {' '.join(statement.split())}"
            for statement in every_statement()
            for table in scanned(store, statement)
            if table not in LISTS_ALL
        }
        assert scans == set()

    @pytest.mark.parametrize("owner", [None, "ada"])
    def test_many_finished_rows_are_neither_sorted_nor_searched_for_a_few_others(
        self, store: SqliteStore, owner: str | None
    ) -> None:
        store.ping()
        terminal, _ = listing(ExecutionFilter(owner=owner, states=TERMINAL), None, 10)
        assert "TEMP B-TREE" not in " ".join(plan(store, terminal))
        unfinished, _ = listing(ExecutionFilter(owner=owner, states=UNFINISHED), None, 10)
        assert "state=?" in " ".join(plan(store, unfinished))

    def test_ids_are_looked_up_whatever_else_is_asked_for(self, store: SqliteStore) -> None:
        store.ping()
        for filter in facets(up_to=3):
            for states in (None, UNFINISHED, TERMINAL):
                by_ids = replace(filter, ids=frozenset({"01J"}), states=states)
                steps = " ".join(plan(store, listing(by_ids, None, 10)[0]))
                assert "SEARCH executions USING INDEX sqlite_autoindex_executions_1" in steps

    def test_one_facet_alone_is_searched_in_the_order_of_its_index(
        self, store: SqliteStore
    ) -> None:
        store.ping()
        for filter in one_facet_each():
            statement, _ = listing(filter, None, 10)
            assert "TEMP B-TREE" not in " ".join(plan(store, statement)), filter


SUBJECTS = (
    batches,
    counts,
    dead_letters,
    deliveries,
    events_to_relay,
    executions,
    idempotency,
    keys,
    languages,
    replays,
    results,
    usage,
)


def every_statement() -> Iterator[str]:
    """The constants of the store's modules, and listings of up to three facets."""
    for module in SUBJECTS:
        for value in vars(module).values():
            texts = value if isinstance(value, tuple) else (value,)
            yield from (text for text in texts if is_statement(text))
    for where in ("id < ?", "status = ? AND id < ?", "kind = ? AND id < ?"):
        yield dead_letters.PAGE.format(where)
        yield dead_letters.MATCHING.format(where)
    for filter in facets(up_to=3):
        for states in (None, UNFINISHED, TERMINAL):
            yield listing(replace(filter, states=states), None, 10)[0]


def is_statement(value: object) -> bool:
    starts = r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE)\b"
    return isinstance(value, str) and re.match(starts, value) is not None and "{}" not in value


FACETS: dict[str, object] = {
    "owner": "ada",
    "state": "queued",
    "outcome": "success",
    "language": "python",
    "priority": "high",
    "labels": {"course": "cs101"},
    "batch": "01J",
}


def facets(up_to: int) -> Iterator[ExecutionFilter]:
    sets = chain.from_iterable(combinations(FACETS, size) for size in range(up_to + 1))
    for names in sets:
        yield ExecutionFilter(**{name: FACETS[name] for name in names})  # type: ignore[arg-type]  # names of its fields


def one_facet_each() -> Iterator[ExecutionFilter]:
    """Each alone, and each with an owner."""
    return (f for f in facets(up_to=2) if f.owner or f in list(facets(up_to=1)))


def scanned(store: SqliteStore, statement: str) -> list[str]:
    return [step.split()[1] for step in plan(store, statement) if step.startswith("SCAN")]


def plan(store: SqliteStore, statement: str) -> list[str]:
    explain = f"EXPLAIN QUERY PLAN {statement}"
    with store._database.reading() as connection:
        if "?" in statement:
            rows = connection.execute(explain, (None,) * statement.count("?"))
        else:
            rows = connection.execute(explain, defaultdict(int))
        return [row["detail"] for row in rows]


def test_releases_ignore_what_they_do_not_know_of_a_row(store: SqliteStore, path: Path) -> None:
    """So one that adds a field of this column needs no migration, and runs beside earlier ones."""
    older, newer = accepted(), accepted()
    for each in (older, newer):
        assert store.executions.insert(*each)
    with closing(sqlite3.connect(path)) as connection, connection:
        change = "UPDATE executions SET spec = {} WHERE id = ?"
        connection.execute(change.format("json_remove(spec, '$.traceparent')"), [older[0].id])
        connection.execute(change.format("json_set(spec, '$.unknown', 1)"), [newer[0].id])
    for execution, *_ in (older, newer):
        assert store.executions.get(execution.id) == execution
        assert store.executions.apply(execution.admit(NOW, NOW))
    waiting = [event for _, events in store.events_to_relay.waiting(9) for event in events]
    assert [event.traceparent for event in waiting] == [None] * 4
    with closing(sqlite3.connect(path)) as connection:
        kept = "SELECT json_extract(spec, '$.unknown') FROM executions WHERE id = ?"
        assert connection.execute(kept, [newer[0].id]).fetchone() == (1,)
