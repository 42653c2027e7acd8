"""One SQLite file, shared by the threads of a process and by many processes.

SQLite allows one write at a time. Threads queue for their turn and commit together
(group_commit.py). Processes compete by polling, and often: SQLite's own handler ends up sleeping
100 ms at a time, while a process that writes much leaves only short gaps.
"""

import fcntl
import logging
import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum, auto
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from types import TracebackType
from typing import Final

from app.domain.errors import StoreFull, StoreUnavailable
from app.infrastructure.dependencies import Dependency
from app.infrastructure.sqlite import space
from app.infrastructure.sqlite.group_commit import GroupCommit, GroupFailed, NoTurn
from app.infrastructure.sqlite.versions import Versions
from sandbox.private import NotPrivate, close_database

log = logging.getLogger(__name__)

MAX_IDLE: Final = 8
"""Connections kept for later readers, so that many waiting API threads don't keep many open."""

POLL_SECONDS: Final = 0.0005
"""Between two checks whether another process has ended its write."""

WRITER_CACHE_KIB: Final = 256
"""Pages that a connection for writing keeps. More save no CPU time: 4 MiB of them came and went."""


_SHARED_MEMORY_BYTES: Final = 32 * 1024
"""The step by which SQLite extends it: https://www.sqlite.org/walformat.html, 2.1"""

_FLOCK: Final = struct.Struct("hhqqi0q")
"""Of fcntl(2) on 64-bit Linux: type, whence, start, length, pid."""
_DEAD_MANS_SWITCH: Final = 128


class Use(Enum):
    READ = auto()
    WRITE = auto()
    WRITE_DURABLY = auto()


_UNAVAILABLE: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


class Database:
    """Provides connections for reading and for writing.

    Raises StoreUnavailable within `timeout` seconds if the file is locked, full, missing or
    damaged. Any other SQLite error is a bug of ours, and is raised unchanged.
    """

    def __init__(self, path: Path, *, timeout: float, versions: Versions) -> None:
        self._path = path
        self._timeout = timeout
        self._versions = versions
        self._pool = Lock()
        self._idle: dict[Use, list[sqlite3.Connection]] = {use: [] for use in Use}
        self._writes = GroupCommit(self._transaction)
        self.dependency = Dependency("sqlite", f"SQLite ({path.name})")

    def reading(self) -> "_Reading":
        """Yield a connection on which each SELECT sees the latest committed state."""
        return _Reading(self)

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a write transaction, which is committed when the context ends.

        Writes that wait for each other are committed together. An error in one undoes only that
        one.

        A commit survives the end of any process. Only a durable commit survives a power loss from
        the start, at the cost of an fsync, which is most of the cost of a small write. The others
        do so with the next durable commit, in order.
        """
        try:
            with self._writes.writing(durable=durable, timeout=self._timeout) as connection:
                yield connection
        except Exception as error:  # raised again
            self.raise_as_ours(error)
            raise
        self.dependency.up()

    def sync(self) -> None:
        """Have everything that is committed survive a power loss.

        Waits for no writer, as a durable commit does. SQLite itself syncs the log before it moves
        it into the file, so only what is in the log now matters.
        """
        try:
            log = os.open(f"{self._path}-wal", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.fdatasync(log)
            finally:
                os.close(log)
        except FileNotFoundError:
            pass  # the last process that used the file has moved the log into it
        except OSError as error:
            raise self.dependency.down(StoreUnavailable(f"{self._path}: {error}")) from error

    def shrink(self) -> bool:
        """Cut a few unused pages off the file. Returns whether there are more.

        The last step also moves the log into the file, which has its new size from then on.
        """
        with self.reading() as connection:
            pages = space.surplus(connection)
        if pages:
            with self.writing(durable=False) as connection:
                space.cut_off(connection, min(pages, space.STEP_PAGES))
        if pages <= space.STEP_PAGES:
            self._move_log()
        return pages > space.STEP_PAGES

    def _move_log(self) -> None:
        connection, healthy = self.take(Use.WRITE), False
        try:
            space.move_log(connection, self._path)
            healthy = True
        except sqlite3.Error as error:
            self.raise_as_ours(error)
            raise
        finally:
            self.put_back(Use.WRITE, connection, healthy=healthy)

    def upgrade(self) -> None:
        """Create the file, or run the migrations that it lacks. Raises StoreIsNewer."""
        with self.reading():
            pass

    def close(self) -> None:
        """Close the idle connections. The next use opens new ones."""
        with self._pool:
            self._close_idle()

    def take(self, use: Use) -> sqlite3.Connection:
        """Return an idle connection, or open one. It must be put back."""
        with self._pool:
            idle = self._idle[use]
            connection = idle.pop() if idle else None
        return connection or self._open(use)

    def put_back(self, use: Use, connection: sqlite3.Connection, *, healthy: bool) -> None:
        with self._pool:
            if healthy and len(self._idle[use]) < MAX_IDLE:
                self._idle[use].append(connection)
                return
        connection.close()

    @contextmanager
    def _transaction(self, durable: bool, deadline: float) -> Iterator[sqlite3.Connection]:
        use = Use.WRITE_DURABLY if durable else Use.WRITE
        connection, healthy = self.take(use), False
        try:
            _in_turn(connection, "BEGIN IMMEDIATE", deadline)
            with connection:
                self._versions.check(connection)
                yield connection
            healthy = True
        finally:
            self.put_back(use, connection, healthy=healthy)

    def _open(self, use: Use) -> sqlite3.Connection:
        close_database(self._path)
        connection = sqlite3.connect(
            self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(connection, use)
        except BaseException:  # raised again
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection, use: Use) -> None:
        connection.row_factory = sqlite3.Row
        deadline = monotonic() + self._timeout
        if self._path.stat().st_size == 0:  # otherwise it would be a write, for nothing
            _in_turn(connection, space.SHRINKABLE, deadline)
        _in_turn(connection, "PRAGMA journal_mode = WAL", deadline)
        level = "FULL" if use is Use.WRITE_DURABLY else "NORMAL"
        connection.execute(f"PRAGMA synchronous = {level}")
        self._versions.upgrade(connection)
        if use is not Use.READ:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
            # Otherwise, a group's savepoints keep the pages before a change in a temporary file.
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA journal_size_limit = {space.LOG_BYTES}")

    def raise_as_ours(self, error: BaseException) -> None:
        """Raise the error as one of ours. Returns if it is a bug."""
        match error:
            case NoTurn():
                detail = "no write was committed in time"
            case NotPrivate():
                raise self.dependency.down(StoreUnavailable(str(error))) from error
            case GroupFailed():
                detail = str(error)
            case sqlite3.DatabaseError() if _code(error) in _UNAVAILABLE:
                detail = str(error) if self._path.parent.exists() else f"{error}: no such folder"
            case _:
                return
        cause = error.__cause__ if isinstance(error, GroupFailed) else error
        full = _is_full(self._path, cause)
        ours = (StoreFull if full else StoreUnavailable)(f"{self._path}: {detail}")
        raise self.dependency.down(ours) from error

    def _close_idle(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


class _Reading:
    """A context of its own class, because one made of a generator takes four times as long."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            connection = self._connection = self._database.take(Use.READ)
        except Exception as error:  # raised again
            self._database.raise_as_ours(error)
            raise
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._connection is not None, "it was entered"
        self._database.put_back(Use.READ, self._connection, healthy=error is None)
        if error is not None:
            self._database.raise_as_ours(error)
        else:
            self._database.dependency.up()


def fold_log(path: Path, timeout: float = 5) -> None:
    """Move the write-ahead log into the file, so that a copy of the file alone is complete.

    If the file is in use or can't be written, nothing is lost.
    """
    try:
        with closing(sqlite3.connect(path, timeout=timeout)) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            why_not = "it is in use" if busy else ""
    except sqlite3.Error as error:
        why_not = str(error)
    if why_not:
        log.warning("%s is complete only together with %s-wal: %s", path, path, why_not)


def user_of(path: Path) -> int | None:
    """The id of a process, other than this one, that has the file open; None if there is none.

    Such a process holds a shared lock on one byte of the shared memory beside the file ("dead man's
    switch" in https://sqlite.org/src/file/src/os_unix.c). The id is not above 0 if the process is
    in another pid namespace. This process must not have the file open: it would lose its locks.
    """
    try:
        with Path(f"{path}-shm").open("rb") as memory:
            asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _DEAD_MANS_SWITCH, 1, 0)
            kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(memory, fcntl.F_GETLK, asked))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)


def _in_turn(connection: sqlite3.Connection, statement: str, deadline: float) -> None:
    """Execute a statement as soon as no other process writes.

    SQLite ignores its own busy timeout when it changes the journal mode of a new file while another
    process creates the tables in it.
    """
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(POLL_SECONDS)
        else:
            return


def _code(error: BaseException | None) -> int:
    """Return the primary code, which is the low byte: https://www.sqlite.org/rescode.html"""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_full(path: Path, error: BaseException | None) -> bool:
    """Whether the disk is full, which SQLite reports only for the database and its log.

    For their shared memory it reports an I/O error, and for a new file an error of opening.
    """
    if _code(error) not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return _code(error) == sqlite3.SQLITE_FULL
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    no_files_left = disk.f_files > 0 and disk.f_favail == 0
    return no_files_left or disk.f_bavail * disk.f_frsize < _SHARED_MEMORY_BYTES
