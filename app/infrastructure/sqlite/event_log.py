"""The event log as an append-only table in a separate file."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ulid import ULID

from app.domain.errors import (
    EventLogFull,
    EventLogIsNewer,
    EventLogUnavailable,
    StoreFull,
    StoreIsNewer,
    StoreUnavailable,
)
from app.domain.execution import SECOND, Event, Time
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.cloudevents import CloudEvent, as_json, cloud_event, parse_all
from app.infrastructure.event_log_checks import check_target, whole_number
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.versions import Versions
from app.ports import Refused

TOPIC: Final = "events"
SLICE: Final = 5_000
"""The most rows that one call of `read` scans, which takes about 5 ms."""

# `timeline` records up to which position no event is newer than a time, because events arrive only
# roughly in the order of their times.
TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        execution_id TEXT NOT NULL,
        type TEXT NOT NULL,
        time INTEGER NOT NULL,
        cloud_event TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS events_by_execution ON events (execution_id)",
    "CREATE INDEX IF NOT EXISTS events_by_type ON events (type, time)",
    "CREATE INDEX IF NOT EXISTS events_by_time ON events (time)",
    """
    CREATE TABLE IF NOT EXISTS timeline (
        newest INTEGER PRIMARY KEY,
        position INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS reemitted (
        position INTEGER PRIMARY KEY,
        topic TEXT NOT NULL,
        replay_id TEXT NOT NULL,
        id TEXT NOT NULL,
        cloud_event TEXT NOT NULL,
        UNIQUE (topic, replay_id, id)
    )
    """,
)
VERSIONS: Final = Versions((TABLES, TABLES))
"""A file of version 0 or 1 may lack any of the tables: the first releases set no other number."""

APPEND: Final = """
    INSERT INTO events (id, execution_id, type, time, cloud_event) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING
"""
NOTE_TIME: Final = """
    INSERT INTO timeline
    SELECT (SELECT max(time) FROM events) AS newest, (SELECT max(position) FROM events)
    WHERE newest IS NOT NULL
    ON CONFLICT (newest) DO UPDATE SET position = excluded.position
"""
BEFORE: Final = "SELECT position FROM timeline WHERE newest < ? ORDER BY newest DESC LIMIT 1"
END: Final = "SELECT max(position) FROM events"
REEMIT: Final = """
    INSERT INTO reemitted (topic, replay_id, id, cloud_event) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
REEMITTED: Final = "SELECT cloud_event FROM reemitted WHERE topic = ? ORDER BY position"

FIRST: Final = "SELECT min(position) FROM events"
# The newest event stays, so that no position is given to two events.
REMOVE: Final = """
    DELETE FROM events WHERE position IN (
        SELECT position FROM events
        WHERE position <= :position AND position < (SELECT max(position) FROM events)
        ORDER BY position LIMIT :limit
    )
"""
REMOVE_TIMES: Final = """
    DELETE FROM timeline WHERE newest IN (
        SELECT newest FROM timeline ORDER BY newest LIMIT :limit
    ) AND position < (SELECT min(position) FROM events)
"""
# Ids of replays are in the order of their creation.
REMOVE_REEMITTED: Final = """
    DELETE FROM reemitted WHERE position IN (
        SELECT position FROM reemitted ORDER BY position LIMIT :limit
    ) AND replay_id < :replay
"""

FITS: Final = """
    position > :after AND position <= :stop
    AND (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until)
    AND (:types = '[]' OR type IN (SELECT value FROM json_each(:types)))
    AND (:owner IS NULL OR json_extract(cloud_event, '$.data.owner') = :owner)
"""
# Either scan one slice without an index, or use the index for all events of some executions.
IN_SLICE: Final = f"""
    SELECT position, cloud_event FROM events NOT INDEXED
    WHERE {FITS} ORDER BY position LIMIT :limit
"""
OF_EXECUTIONS: Final = f"""
    SELECT position, cloud_event FROM events INDEXED BY events_by_execution
    WHERE execution_id IN (SELECT value FROM json_each(:executions)) AND {FITS}
    ORDER BY position LIMIT :limit
"""


class SqliteEventLog:
    """A log without duplicates. A position is the number of an event in order of arrival.

    Re-emitted events are in another table of the same file.
    """

    def __init__(self, path: Path, *, timeout: float, slice_size: int = SLICE) -> None:
        self._slice_size = slice_size
        self._database = Database(path, timeout=timeout, versions=VERSIONS)

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        """Append durably, because the store's rows are marked as relayed afterwards."""
        with self._writing() as connection:
            connection.executemany(APPEND, map(_row, events))
            connection.execute(NOTE_TIME)
        return ()

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        with _errors_as_ours(), self._database.reading() as connection:
            begin = _start(connection, filter) if after is None else whole_number(after)
            begin = max(begin, (connection.execute(FIRST).fetchone()[0] or 1) - 1)
            end = connection.execute(END).fetchone()[0] or 0
            stop = end if filter.executions else min(begin + self._slice_size, end)
            rows = connection.execute(
                OF_EXECUTIONS if filter.executions else IN_SLICE,
                _named(filter) | {"after": begin, "stop": stop, "limit": limit},
            ).fetchall()
        position = rows[-1]["position"] if len(rows) == limit else max(begin, stop)
        events = list(parse_all(row["cloud_event"] for row in rows))
        return EventPage(events=events, position=str(position), at_end=position >= end)

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        self.check_target(target)
        with self._writing() as connection:
            connection.executemany(
                REEMIT,
                (
                    (target, replay_id, event.id, as_json(cloud_event(event, replay_id=replay_id)))
                    for event in events
                ),
            )

    def reemitted(self, target: str) -> list[CloudEvent]:
        """Return what was re-emitted to a topic, in order of arrival."""
        with _errors_as_ours(), self._database.reading() as connection:
            return [json.loads(text) for (text,) in connection.execute(REEMITTED, (target,))]

    def remove_before(self, time: Time, limit: int) -> int:
        """Also removes what replays that began before `time` have emitted again."""
        replay = str(ULID.from_timestamp(time / SECOND))
        with self._writing(durable=False) as connection:
            found = connection.execute(BEFORE, (time,)).fetchone()
            old = {"position": found["position"] if found else 0, "limit": limit}
            removed = connection.execute(REMOVE, old).rowcount
            connection.execute(REMOVE_TIMES, {"limit": limit})
            reemitted = {"limit": limit, "replay": replay}
            return removed + connection.execute(REMOVE_REEMITTED, reemitted).rowcount

    def shrink(self) -> bool:
        with _errors_as_ours():
            return self._database.shrink()

    def check_target(self, target: str) -> None:
        check_target(target, TOPIC)

    def upgrade(self) -> None:
        with _errors_as_ours():
            self._database.upgrade()

    def ping(self) -> None:
        with self._writing() as connection:
            VERSIONS.write(connection)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        with _errors_as_ours(), self._database.writing(durable=durable) as connection:
            yield connection


@contextmanager
def _errors_as_ours() -> Iterator[None]:
    try:
        yield
    except StoreIsNewer as error:
        raise EventLogIsNewer(str(error)) from error
    except StoreFull as error:
        raise EventLogFull(str(error)) from error
    except StoreUnavailable as error:
        raise EventLogUnavailable(str(error)) from error


def _row(event: Event) -> tuple[str, str, str, int, str]:
    return event.id, event.execution_id, event.type, event.time, as_json(cloud_event(event))


def _start(connection: sqlite3.Connection, filter: EventFilter) -> int:
    """Return a position before all matching events."""
    if filter.since is None:
        return 0
    row = connection.execute(BEFORE, (filter.since,)).fetchone()
    return row["position"] if row else 0


def _named(filter: EventFilter) -> dict[str, object]:
    return {
        "since": filter.since,
        "until": filter.until,
        "types": json.dumps(sorted(filter.types)),
        "executions": json.dumps(sorted(filter.executions)),
        "owner": filter.owner,
    }
