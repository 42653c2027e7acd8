"""The event log as an append-only table in a file of its own."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.domain.errors import EventLogUnavailable, StoreUnavailable
from app.domain.execution import Event
from app.infrastructure.cloudevents import CloudEvent, cloud_event
from app.infrastructure.sqlite.database import Database

VERSION: Final = 1
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    execution_id TEXT NOT NULL,
    type TEXT NOT NULL,
    time INTEGER NOT NULL,
    cloud_event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_execution ON events (execution_id);
CREATE INDEX IF NOT EXISTS events_by_type ON events (type, time);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time);
"""


class SqliteEventLog:
    """Position is the order of arrival; an event that is in the log already is not added again."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._database = Database(path, timeout=timeout, create=_create)

    def append(self, events: Sequence[Event]) -> None:
        """Durable when it returns: a row of the store is marked as relayed after this."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO events (id, execution_id, type, time, cloud_event)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                map(_row, events),
            )

    def read(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]:
        """Up to `limit` events behind position `after` (0: from the start), each with its own."""
        with _errors_as_ours(), self._database.reading() as connection:
            rows = connection.execute(
                "SELECT position, cloud_event FROM events"
                " WHERE position > ? ORDER BY position LIMIT ?",
                (after, limit),
            )
            return [(position, json.loads(text)) for position, text in rows]

    def ping(self) -> None:
        with self._writing() as connection:
            # Writes the header page, with what is in it: the smallest write there is.
            connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _errors_as_ours(), self._database.writing() as connection:
            yield connection


def _create(connection: sqlite3.Connection) -> None:
    connection.executescript(SCHEMA)


@contextmanager
def _errors_as_ours() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise EventLogUnavailable(str(error)) from error


def _row(event: Event) -> tuple[str, str, str, int, str]:
    text = json.dumps(cloud_event(event), ensure_ascii=False, separators=(",", ":"))
    return event.id, event.execution_id, event.type, event.time, text
