"""Counts of executions, in SQLite: read from counters that triggers update."""

from typing import Final

from app.domain.execution import State, Time
from app.domain.submission import Priority
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.schema import IS_UNFINISHED

UNFINISHED: Final = "SELECT total FROM unfinished_by_owner WHERE owner = ?"
BY_STATE: Final = f"""
    SELECT state, priority, total FROM unfinished_by_state
    WHERE state {IS_UNFINISHED} AND total > 0
"""
OLDEST_QUEUED: Final = """
    SELECT created_at FROM executions INDEXED BY queued
    WHERE state = 'queued' AND rebuilt_at IS NULL AND priority = ?
    ORDER BY created_at LIMIT 1
"""
OLDEST_QUEUED_OF: Final = """
    SELECT created_at FROM executions INDEXED BY by_owner_state
    WHERE owner = ? AND state = 'queued' AND erased = 0 AND rebuilt_at IS NULL
    ORDER BY id LIMIT 1
"""


class SqliteCounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def unfinished(self, owner: str) -> int:
        with self._database.reading() as connection:
            row = connection.execute(UNFINISHED, (owner,)).fetchone()
        return row["total"] if row else 0

    def by_state(self) -> dict[tuple[State, Priority], int]:
        with self._database.reading() as connection:
            rows = connection.execute(BY_STATE).fetchall()
        return {(State(state), Priority(priority)): total for state, priority, total in rows}

    def oldest_queued(self) -> dict[Priority, Time]:
        with self._database.reading() as connection:
            oldest = {p: connection.execute(OLDEST_QUEUED, (p,)).fetchone() for p in Priority}
        return {priority: row["created_at"] for priority, row in oldest.items() if row}

    def oldest_queued_of(self, owner: str) -> Time | None:
        with self._database.reading() as connection:
            row = connection.execute(OLDEST_QUEUED_OF, (owner,)).fetchone()
        return row["created_at"] if row else None
