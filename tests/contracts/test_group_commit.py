"""Concurrent writes of one process are committed together, with the effect of separate ones."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import StoreFull, StoreUnavailable
from app.infrastructure.sqlite import group_commit
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.versions import Versions
from tests.contracts.racing import race
from tests.support.waiting import wait_until

TIMEOUT = 10.0
SHORT = 0.3
TABLES = (
    "CREATE TABLE written (name TEXT PRIMARY KEY)",
    """
    CREATE TABLE promised (
        name TEXT REFERENCES written (name) DEFERRABLE INITIALLY DEFERRED
    )
    """,
)
INSERT = "INSERT INTO written VALUES (?)"
PROMISE = "INSERT INTO promised VALUES (?)"
"""Nothing is wrong with it until COMMIT finds that the name was not written."""


class Traced(Versions):
    """Sets each connection up as a test needs it."""

    def __init__(self, statements: list[str]) -> None:
        super().__init__([TABLES])
        self._statements = statements

    def upgrade(self, connection: sqlite3.Connection) -> None:
        super().upgrade(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.set_trace_callback(self._statements.append)


class Writer:
    """A database, and every statement that its connections for writing have run."""

    def __init__(self, path: Path, timeout: float = TIMEOUT) -> None:
        self.statements: list[str] = []
        self.database = Database(path, timeout=timeout, versions=Traced(self.statements))
        self.begun, self.proceed = Event(), Event()

    def insert(self, name: object, *, durable: bool = True) -> None:
        with self.database.writing(durable=durable) as connection:
            connection.execute(INSERT, (str(name),))

    def stored(self) -> list[str]:
        with self.database.reading() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM written")]

    def count(self, statement: str) -> int:
        return self.statements.count(statement)

    def write_together(self, *writes: Callable[[], None]) -> list[BaseException | None]:
        """Run them in one group, in this order, if the first calls `hold`. Returns their errors."""
        with ThreadPoolExecutor(len(writes)) as pool:
            futures = [pool.submit(writes[0])]
            self.begun.wait(60)
            for number, write in enumerate(writes[1:], 1):
                futures.append(pool.submit(write))
                self.wait_for_queue(number)
            self.proceed.set()
            return [future.exception() for future in futures]

    def wait_for_queue(self, length: int) -> None:
        wait_until(lambda: len(self.database._writes._waiting) == length)

    def hold(self, name: str = "holder") -> None:
        """A write that is in progress until the test lets it continue."""
        with self.database.writing() as connection:
            connection.execute(INSERT, (name,))
            self.begun.set()
            self.proceed.wait(60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "written.db"


@pytest.fixture(autouse=True)
def patient_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups don't end because the machine is busy."""
    monkeypatch.setattr(group_commit, "MAX_SECONDS", 20)


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    yield writer
    writer.database.close()


def inserts(writer: Writer, how_many: int) -> list[Callable[[], None]]:
    return [partial(writer.insert, number) for number in range(how_many)]


class TestTogether:
    def test_writes_that_wait_share_one_transaction(self, writer: Writer) -> None:
        errors = writer.write_together(writer.hold, *inserts(writer, 20))
        assert errors == [None] * 21
        assert writer.stored() == ["holder", *map(str, range(20))]
        assert writer.count("COMMIT") == writer.count("BEGIN IMMEDIATE") == 1

    def test_a_part_that_can_be_undone_needs_no_temporary_file(self, writer: Writer) -> None:
        """Most submissions of a group had one."""
        files: list[str] = []

        def empty() -> None:
            with writer.database.writing() as connection:
                connection.execute("DELETE FROM written")
                for descriptor in Path("/proc/self/fd").iterdir():
                    with suppress(FileNotFoundError):  # that of the folder itself
                        files.append(descriptor.readlink().name)

        with writer.database.writing() as connection:
            connection.executemany(INSERT, ((f"{number:1000}",) for number in range(500)))
        assert writer.write_together(writer.hold, empty) == [None, None]
        assert "written.db" in files
        assert not [name for name in files if name.startswith("etilqs_")]

    def test_a_write_alone_is_a_plain_transaction(self, writer: Writer) -> None:
        writer.insert("first")
        writer.statements.clear()
        writer.insert("alone")
        assert writer.statements == [
            "BEGIN IMMEDIATE",
            "PRAGMA user_version",
            "INSERT INTO written VALUES ('alone')",
            "COMMIT",
        ]

    def test_a_group_has_a_largest_size(
        self, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(group_commit, "MAX_WRITES", 4)
        writer.write_together(writer.hold, *inserts(writer, 11))
        assert len(writer.stored()) == 12
        assert writer.count("COMMIT") == 3

    def test_a_durable_write_joins_no_group_that_is_not(self, writer: Writer) -> None:
        """SQLite can't change a transaction's level, and the fsync must be its own."""
        with ThreadPoolExecutor(1) as pool:
            with writer.database.writing(durable=False):
                durable = pool.submit(writer.insert, "durable")
                writer.wait_for_queue(1)
            durable.result()
        assert writer.count("COMMIT") == 2

    def test_who_is_not_durable_rides_along(self, writer: Writer) -> None:
        rider = partial(writer.insert, "rider", durable=False)
        assert writer.write_together(writer.hold, rider) == [None, None]
        assert writer.count("COMMIT") == 1


class TestErrors:
    def test_an_error_undoes_its_own_write_alone(self, writer: Writer) -> None:
        def fail() -> None:
            with writer.database.writing() as connection:
                connection.execute(INSERT, ("half",))
                raise LookupError

        errors = writer.write_together(writer.hold, fail, partial(writer.insert, "after"))
        assert list(map(type, errors)) == [type(None), LookupError, type(None)]
        assert writer.stored() == ["holder", "after"]

    def test_the_last_write_may_fail(self, writer: Writer) -> None:
        """It commits for the others all the same."""
        again = partial(writer.insert, "holder")
        errors = writer.write_together(writer.hold, again)
        assert list(map(type, errors)) == [type(None), sqlite3.IntegrityError]
        assert writer.stored() == ["holder"]

    def test_a_commit_that_fails_stores_nothing_and_tells_everyone(self, writer: Writer) -> None:
        def promise() -> None:
            with writer.database.writing() as connection:
                connection.execute(PROMISE, ("never",))

        errors = writer.write_together(writer.hold, promise, partial(writer.insert, "innocent"))
        unavailable = [isinstance(error, StoreUnavailable) for error in errors]
        assert unavailable == [True, True, False]
        assert isinstance(errors[2], sqlite3.IntegrityError), "its thread ran the COMMIT"
        assert writer.stored() == []
        writer.insert("afterwards")
        assert writer.stored() == ["afterwards"]

    def test_a_full_disk_is_named_to_all_of_the_group(self, writer: Writer) -> None:
        def fill() -> None:
            with writer.database.writing() as connection:
                connection.execute("ROLLBACK")  # SQLite may do so itself.
                full = sqlite3.OperationalError("database or disk is full")
                full.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise full

        errors = writer.write_together(writer.hold, fill)
        assert list(map(type, errors)) == [StoreFull, StoreFull]

    def test_an_error_that_undoes_the_transaction_tells_those_before_it(self, path: Path) -> None:
        """As a full disk may. Writes that have not begun are not affected."""
        writer = Writer(path)

        def undo_all() -> None:
            with writer.database.writing() as connection:
                connection.execute("INSERT OR ROLLBACK INTO written VALUES ('holder')")

        errors = writer.write_together(writer.hold, undo_all, partial(writer.insert, "after"))
        assert isinstance(errors[0], StoreUnavailable)
        assert isinstance(errors[1], sqlite3.IntegrityError)
        assert errors[2] is None
        assert writer.stored() == ["after"]

    @settings(deadline=None, max_examples=25)
    @given(
        writes=st.lists(
            st.tuples(st.booleans(), st.sampled_from(["ends", "fails", "conflicts"])),
            min_size=1,
            max_size=12,
        )
    )
    def test_each_succeeds_or_fails_as_if_it_were_alone(
        self, writes: list[tuple[bool, str]]
    ) -> None:
        with TemporaryDirectory() as folder:
            writer = Writer(Path(folder) / "written.db")
            writer.insert("taken")

            def write(number: int) -> str:
                durable, how = writes[number]
                try:
                    with writer.database.writing(durable=durable) as connection:
                        connection.execute(INSERT, (str(number),))
                        if how == "conflicts":
                            connection.execute(INSERT, ("taken",))
                        if how == "fails":
                            raise LookupError
                except sqlite3.IntegrityError:
                    return "conflicts"
                except LookupError:
                    return "fails"
                return "ends"

            assert race(len(writes), write) == [how for _, how in writes]
            expected = {str(n) for n, (_, how) in enumerate(writes) if how == "ends"}
            assert set(writer.stored()) == expected | {"taken"}
            writer.database.close()


class TestWaiting:
    def test_a_write_whose_turn_does_not_come_is_withdrawn(self, path: Path) -> None:
        writer = Writer(path, timeout=SHORT)
        with ThreadPoolExecutor(1) as pool:
            holding = pool.submit(writer.hold)
            writer.begun.wait(60)
            with pytest.raises(StoreUnavailable, match="no write was committed in time"):
                writer.insert("late")
            writer.proceed.set()
            holding.result()
        writer.insert("in time")
        assert writer.stored() == ["holder", "in time"]

    def test_a_queue_that_moves_is_waited_for(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Longer than the timeout, which is for a database that does nothing."""
        monkeypatch.setattr(group_commit, "MAX_WRITES", 1)
        writer = Writer(path, timeout=1)

        def write(number: int) -> None:
            with writer.database.writing() as connection:
                connection.execute(INSERT, (str(number),))
                time.sleep(0.15)  # the work that the others wait for

        race(10, write)
        assert len(writer.stored()) == 10

    def test_but_not_for_ever(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(group_commit, "MAX_WRITES", 1)
        monkeypatch.setattr(group_commit, "PATIENCE", 2)
        writer = Writer(path, timeout=1)

        def write(number: int) -> bool:
            with suppress(StoreUnavailable), writer.database.writing() as connection:
                connection.execute(INSERT, (str(number),))
                time.sleep(0.2)  # the work that the others wait for
                return True
            return False

        stored = race(16, write)
        assert 2 <= sum(stored) <= 12
        assert set(writer.stored()) == {str(n) for n, was_stored in enumerate(stored) if was_stored}

    def test_a_lock_of_another_process_is_waited_for_once(self, path: Path) -> None:
        """Each write that waits for a locked database fails at its own deadline."""
        writer = Writer(path, timeout=SHORT)
        writer.insert("first")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()

            def fail(number: int) -> float:
                with pytest.raises(StoreUnavailable):
                    writer.insert(number)
                return time.monotonic() - began

            assert max(race(30, fail)) < SHORT + 1
        writer.insert("last")
        assert writer.stored() == ["first", "last"]


def test_another_process_gets_its_turn(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd of threads leaves gaps in which others can begin."""
    monkeypatch.undo()  # groups of the usual length
    flood = start_writing(path)
    writer = Writer(path)
    try:
        wait_until(lambda: flood.stdout and flood.stdout.readline())
        for number in range(20):
            writer.insert(f"other {number}")
    finally:
        flood.kill()
        flood.communicate()
    assert sum(name.startswith("other") for name in writer.stored()) == 20


@pytest.mark.parametrize("acknowledged", [1, 20, 300])
def test_what_was_acknowledged_survives_a_kill(path: Path, acknowledged: int) -> None:
    process = start_writing(path)
    assert process.stdout is not None
    reported = [process.stdout.readline() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    reported += process.stdout.readlines()
    process.wait()
    stored = Counter(Writer(path).stored())
    names = [line.strip() for line in reported if line.endswith("\n")]
    assert len(names) >= acknowledged
    assert [name for name in names if stored[name] != 1] == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def start_writing(path: Path) -> "subprocess.Popen[str]":
    """A process with 24 threads that write, and print what was acknowledged."""
    command = [sys.executable, "-c", FLOOD, str(path)]
    return subprocess.Popen(
        command, cwd=Path.cwd(), stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )


FLOOD = """
import os, sys
from itertools import count
from pathlib import Path
from tests.contracts.racing import race
from tests.contracts.test_group_commit import Writer
writer = Writer(Path(sys.argv[1]))
def write(racer):
    for number in count():
        name = f"{racer}-{number}"
        writer.insert(name, durable=number % 2 == 0)
        os.write(1, f"{name}\\n".encode())
race(24, write)
"""
