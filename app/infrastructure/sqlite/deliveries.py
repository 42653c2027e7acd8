"""Pending callbacks, in SQLite."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.domain.callback import Callback
from app.domain.execution import Execution, Time
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.rows import COLUMNS, from_callback, to_execution
from app.infrastructure.sqlite.schema import CALLBACK_IS_DUE

DUE: Final = f"""
    SELECT {", ".join(COLUMNS)} FROM executions WHERE {CALLBACK_IS_DUE} AND callback_at <= ?
    ORDER BY callback_at LIMIT ?
"""
UPDATE: Final = """
    UPDATE executions SET callback = ?
    WHERE id = ? AND callback_at IS ? AND callback IS NOT NULL
"""


class SqliteDeliveries:
    """A power loss may undo a write. Then the callback is sent again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_due(
        self, now: Time, limit: int, push: Callable[[Callback], Callback]
    ) -> list[Execution]:
        with self._database.reading() as connection:
            rows = connection.execute(DUE, (now, limit)).fetchall()
        if not rows:
            return []
        claimed = []
        with self._database.writing(durable=False) as connection:
            for execution in map(to_execution, rows):
                seen = execution.callback
                if seen and _update(connection, execution.id, seen, pushed := push(seen)):
                    claimed.append(replace(execution, callback=pushed))
        return claimed

    def update(self, execution_id: str, before: Callback, after: Callback) -> bool:
        with self._database.writing(durable=False) as connection:
            return _update(connection, execution_id, before, after)


def _update(
    connection: sqlite3.Connection, execution_id: str, before: Callback, after: Callback
) -> bool:
    values = (from_callback(after), execution_id, before.next_at)
    return connection.execute(UPDATE, values).rowcount == 1
