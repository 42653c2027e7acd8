"""Events that are not in the event log yet, in SQLite."""

from dataclasses import replace
from itertools import groupby
from typing import Final

from app.domain.execution import Event, Time
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.rows import to_event

WAITING: Final = """
    SELECT events.*, waiting.traceparent
    FROM (
        SELECT id, relayed, relay_at, json_extract(spec, '$.traceparent') AS traceparent
        FROM executions WHERE relay_at IS NOT NULL
        ORDER BY relay_at LIMIT ?
    ) AS waiting
    CROSS JOIN events ON execution_id = waiting.id AND version > waiting.relayed
    ORDER BY waiting.relay_at, execution_id, version
"""
BACKLOG: Final = """
    SELECT count(*) AS total, min(relay_at) AS since
    FROM (
        SELECT relay_at FROM executions WHERE relay_at IS NOT NULL
        ORDER BY relay_at LIMIT ?
    ) AS waiting
"""
MARK_RELAYED: Final = """
    UPDATE executions
    SET relayed = :version,
        relay_at = (SELECT time FROM events WHERE execution_id = :id AND version = :version + 1)
    WHERE id = :id AND relayed < :version
"""


class SqliteEventsToRelay:
    """Marks aren't durable: if a power loss undoes one, its events are delivered again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, limit: int) -> list[tuple[str, list[Event]]]:
        with self._database.reading() as connection:
            rows = connection.execute(WAITING, (limit,)).fetchall()
        events = [replace(to_event(row), traceparent=row["traceparent"]) for row in rows]
        return [(id, list(group)) for id, group in groupby(events, lambda e: e.execution_id)]

    def backlog(self, limit: int) -> tuple[int, Time | None]:
        with self._database.reading() as connection:
            row = connection.execute(BACKLOG, (limit,)).fetchone()
        return row["total"], row["since"]

    def mark_relayed(self, execution_id: str, version: int) -> None:
        with self._database.writing(durable=False) as connection:
            connection.execute(MARK_RELAYED, {"id": execution_id, "version": version})
