"""The event log as an append-only table in a file of its own."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Final

from app.domain.errors import EventLogUnavailable
from app.domain.execution import Event
from app.infrastructure.cloudevents import CloudEvent, cloud_event

SCHEMA: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
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
"""Synchronous, because a row of the store is marked as relayed once its events are in here."""


class SqliteEventLog:
    """Position is the order of arrival; an event that is in the log already is not added again."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._connections = _Connections()

    def append(self, events: Sequence[Event]) -> None:
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO events (id, execution_id, type, time, cloud_event)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                map(_row, events),
            )

    def read(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]:
        """Up to `limit` events behind position `after` (0: from the start), each with its own."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT position, cloud_event FROM events"
                " WHERE position > ? ORDER BY position LIMIT ?",
                (after, limit),
            )
            return [(position, json.loads(text)) for position, text in rows]

    def ping(self) -> None:
        with self._transaction() as connection:
            connection.execute("BEGIN IMMEDIATE")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits, or takes all of it back. Waits for other writers up to the time-out."""
        try:
            with self._connection() as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise EventLogUnavailable(f"{self._path.name}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        """The thread's own. One that a fork inherited is neither used nor closed.

        https://www.sqlite.org/howtocorrupt.html, 2.6
        """
        by_process = self._connections.of_thread
        if os.getpid() not in by_process:
            connection = sqlite3.connect(
                self._path, timeout=self._timeout, isolation_level="IMMEDIATE"
            )
            connection.executescript(SCHEMA)
            by_process[os.getpid()] = connection
        return by_process[os.getpid()]


class _Connections(local):
    def __init__(self) -> None:
        self.of_thread: dict[int, sqlite3.Connection] = {}
        """By process id."""


def _row(event: Event) -> tuple[str, str, str, int, str]:
    text = json.dumps(cloud_event(event), ensure_ascii=False, separators=(",", ":"))
    return event.id, event.execution_id, event.type, event.time, text
