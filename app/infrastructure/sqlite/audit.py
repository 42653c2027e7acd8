"""The audit log, in SQLite."""

from typing import Final

from app.domain.audit import AuditRecord
from app.domain.execution import Time
from app.domain.filters import lowest_id
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.listing import LAST

PUT: Final = "REPLACE INTO audit (id, relay_at, record) VALUES (?, ?, ?)"
PAGE: Final = "SELECT record, relay_at FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?"
DUE: Final = """
    SELECT record, relay_at FROM audit WHERE relay_at IS NOT NULL AND relay_at <= ?
    ORDER BY relay_at LIMIT ?
"""
MARK: Final = "UPDATE audit SET relay_at = NULL WHERE id = ? AND record = ?"
REMOVE: Final = """
    DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ? ORDER BY id LIMIT ?)
    AND relay_at IS NULL
"""


class SqliteAuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, record: AuditRecord) -> None:
        with self._database.writing() as connection:
            connection.execute(PUT, (record.id, record.relay_at, _text(record)))

    def page(self, before: str | None, limit: int) -> list[AuditRecord]:
        return self._found(PAGE, before or LAST, limit)

    def due(self, now: Time, limit: int) -> list[AuditRecord]:
        return self._found(DUE, now, limit)

    def mark_relayed(self, record: AuditRecord) -> None:
        with self._database.writing() as connection:
            connection.execute(MARK, (record.id, _text(record)))

    def remove_before(self, time: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE, (lowest_id(time), limit)).rowcount

    def _found(self, query: str, *values: str | int) -> list[AuditRecord]:
        with self._database.reading() as connection:
            rows = connection.execute(query, values).fetchall()
        return [codec.audit_record(text, relay_at) for text, relay_at in rows]


def _text(record: AuditRecord) -> str:
    return codec.audit_text(record)
