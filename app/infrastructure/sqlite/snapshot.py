"""Copies of the store and of the event log that agree with each other, while both are in use.

The store is copied first, in one read transaction, which no writer waits for. The log is copied
later, so it has every event that the store says is in it. It can also have events of transitions
that the copied store doesn't know: these are removed, because others will have their ids.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.domain.blob import Blob
from app.domain.errors import StoreUnavailable
from app.infrastructure import codec
from app.infrastructure.clock import now
from app.infrastructure.programs import Programs
from app.infrastructure.sqlite.database import fold_log
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.executions import FORGET, NOT_ERASED, REMOVE_RESULT
from app.infrastructure.sqlite.store import SqliteStore

_SECONDS: Final = 5.0
"""How long a lock is waited for."""

_LARGE_PROGRAMS: Final = """
    SELECT execution_id, submission FROM programs WHERE substr(submission, 1, 1) = x'7b'
"""
_RESULTS_OF: Final = "SELECT id, result FROM results WHERE execution_id = ?"
_RESULTS: Final = "SELECT execution_id, result FROM results"
_NOT_AN_ID: Final = "SELECT id FROM executions WHERE id GLOB '*[^0-9A-Z]*' LIMIT 1"
_HAS_EVENTS: Final = "SELECT 1 FROM sqlite_schema WHERE name = 'events'"
_END: Final = "SELECT max(position) FROM events"
_REMOVE_LATER: Final = """
    DELETE FROM events WHERE position > ? AND NOT EXISTS (
        SELECT 1 FROM store.events AS known
        WHERE known.execution_id = events.execution_id
            AND events.id = known.execution_id || '.' || known.version
    )
"""
_REMOVE_LATER_TIMES: Final = """
    DELETE FROM timeline WHERE position > (SELECT coalesce(max(position), 0) FROM events)
"""


def copy_both(store: Path, log: Path | None, folder: Path) -> tuple[Path, Path | None]:
    """Copy the files into the folder, under their own names, and upgrade the copies.

    Raises StoreUnavailable.
    """
    position = _end(log) if log and log.exists() else 0
    copied_store = _copy(store, folder / store.name)
    upgrade(copied_store)
    if log is None or not log.exists():
        return copied_store, None
    copied_log = _copy(log, folder / log.name)
    with closing(SqliteEventLog(copied_log, timeout=_SECONDS)) as older:
        older.upgrade()
    with _opened(copied_log) as connection, connection:
        connection.execute("ATTACH ? AS store", [str(copied_store)])
        connection.execute(_REMOVE_LATER, [position])
        connection.execute(_REMOVE_LATER_TIMES)
    return copied_store, copied_log


def upgrade(store: Path) -> None:
    """Bring a copy of the store up to date. Raises StoreIsNewer."""
    with closing(SqliteStore(store, timeout=_SECONDS)) as copy:
        copy.upgrade()


def named_blobs(store: Path) -> Iterator[tuple[str, Blob]]:
    """Yield every blob that a row names, with the id of its execution."""
    with _opened(store) as connection:
        for execution_id, stored in connection.execute(_LARGE_PROGRAMS):
            if blob := Programs.blob_of(stored):
                yield execution_id, blob
        for execution_id, stored in connection.execute(_RESULTS):
            for blob in codec.RESULT.decode(stored).blobs:
                yield execution_id, blob


def drop(copied: Path, store: Path, missing: Collection[tuple[str, Blob]]) -> int:
    """Remove from the copy what names blobs that have been removed since it was made.

    If the owner has erased the execution, or retention has removed it, it is erased in the copy.
    Otherwise, the blob belonged to an attempt that was lost, and so does its result. Returns how
    many executions are erased.
    """
    ids = {execution_id for execution_id, _ in missing}
    with _opened(store) as connection:
        found = connection.execute(NOT_ERASED, [json.dumps(sorted(ids))])
        there = {execution_id for (execution_id,) in found}
    _erase(copied, ids - there)
    with _opened(copied) as connection, connection:
        for execution_id, blob in missing:
            results = connection.execute(_RESULTS_OF, [execution_id]).fetchall()
            lost = [[id] for id, result in results if blob in codec.RESULT.decode(result).blobs]
            connection.executemany(REMOVE_RESULT, lost)
    fold_log(copied)
    return len(ids - there)


def _erase(copied: Path, execution_ids: Collection[str]) -> None:
    """Those that had not ended are cancelled, without a callback: they had one, or will have."""
    copy, at = SqliteStore(copied, timeout=_SECONDS), now()
    with closing(copy):
        for execution_id in execution_ids:
            row = copy.executions.get(execution_id)
            if row is not None and not row.state.terminal:
                change = row.cancel(at, at)
                copy.executions.apply(replace(change, after=replace(change.after, callback=None)))
            copy.executions.erase(execution_id)
    with _opened(copied) as connection, connection:
        for statement in FORGET:
            connection.executemany(statement, [[execution_id] for execution_id in execution_ids])


def check(store: Path) -> None:
    """Raises StoreUnavailable if the file is damaged."""
    with _opened(store) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
    if found != "ok":
        raise StoreUnavailable(f"{store.name} is damaged: {found}")


def check_ids(store: Path) -> None:
    """Raises StoreUnavailable if an id is none: the folder of its blobs could be anywhere."""
    with _opened(store) as connection:
        found = connection.execute(_NOT_AN_ID).fetchone()
    if found is not None:
        raise StoreUnavailable(f"{store.name} has an execution with the id {found[0]!r}")


def _end(log: Path) -> int:
    with _opened(log) as connection:
        if connection.execute(_HAS_EVENTS).fetchone() is None:
            return 0
        return connection.execute(_END).fetchone()[0] or 0


def _copy(source: Path, target: Path) -> Path:
    """In one step: with several, each write of another process would have it begin again."""
    if not source.exists():
        raise StoreUnavailable(f"{source} does not exist")
    try:
        with _opened(source) as origin, _opened(target) as copy:
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{source} can't be copied to {target.parent}: {error}") from error
    return target


def _opened(path: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(path, timeout=_SECONDS))
