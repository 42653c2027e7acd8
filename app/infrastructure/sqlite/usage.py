"""Usage by day, in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from app.domain.execution import Execution
from app.domain.usage import UsageDay
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.rows import COLUMNS, to_execution
from app.infrastructure.sqlite.schema import IS_UNFOLDED
from app.infrastructure.sqlite.statements import insert_into

UNFOLDED: Final = f"""
    SELECT {", ".join(COLUMNS)} FROM executions WHERE {IS_UNFOLDED} ORDER BY usage_at LIMIT ?
"""
AMONG: Final = "id IN (SELECT value FROM json_each(?))"
STILL_UNFOLDED: Final = f"SELECT id FROM executions WHERE {AMONG} AND usage_at IS NOT NULL"
MARK_FOLDED: Final = f"UPDATE executions SET usage_at = NULL WHERE {AMONG}"
DAY: Final = "SELECT * FROM usage_days WHERE owner = ? AND day = ? AND key_id = ?"
INSERT: Final = insert_into("usage_days", UsageDay.__slots__) + " ON CONFLICT DO NOTHING"
UPDATE: Final = """
    UPDATE usage_days
    SET executions = :executions, cpu_us = :cpu_us, stored_bytes = :stored_bytes,
        version = :version, folding = :folding
    WHERE owner = :owner AND day = :day AND key_id = :key_id AND version = :version_before
"""
DAYS: Final = """
    SELECT * FROM usage_days WHERE owner = ? AND day BETWEEN ? AND ? ORDER BY day, key_id
"""
DAYS_OF_ALL: Final = """
    SELECT * FROM usage_days INDEXED BY usage_by_day
    WHERE day BETWEEN ? AND ? ORDER BY day, owner, key_id
"""


class SqliteUsageRecords:
    """A power loss may undo writes, but never an earlier one without all later ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unfolded(self, limit: int) -> list[Execution]:
        with self._database.reading() as connection:
            rows = connection.execute(UNFOLDED, (limit,)).fetchall()
        return [to_execution(row) for row in rows]

    def still_unfolded(self, execution_ids: Sequence[str]) -> set[str]:
        with self._database.reading() as connection:
            rows = connection.execute(STILL_UNFOLDED, (json.dumps(list(execution_ids)),))
            return {row["id"] for row in rows}

    def mark_folded(self, execution_ids: Sequence[str]) -> None:
        with self._database.writing(durable=False) as connection:
            connection.execute(MARK_FOLDED, (json.dumps(list(execution_ids)),))

    def day(self, of: UsageDay) -> UsageDay:
        with self._database.reading() as connection:
            row = connection.execute(DAY, (of.owner, of.day, of.key_id)).fetchone()
        return _to_day(row) if row else of

    def put(self, before: UsageDay, after: UsageDay) -> bool:
        row: dict[str, Any] = codec.USAGE_DAY.dump_python(after, mode="json")
        row["folding"] = json.dumps(row["folding"])
        with self._database.writing(durable=False) as connection:
            if before.version == 0:
                return connection.execute(INSERT, row).rowcount == 1
            row["version_before"] = before.version
            return connection.execute(UPDATE, row).rowcount == 1

    def days(self, owner: str | None, first: str, last: str) -> list[UsageDay]:
        with self._database.reading() as connection:
            if owner is None:
                rows = connection.execute(DAYS_OF_ALL, (first, last))
            else:
                rows = connection.execute(DAYS, (owner, first, last))
            return [_to_day(row) for row in rows]


def _to_day(row: sqlite3.Row) -> UsageDay:
    values = dict(row)
    return codec.USAGE_DAY.validate_python(values | {"folding": json.loads(values["folding"])})
