"""Idempotency records, in SQLite."""

from typing import Final

from app.domain.execution import Time
from app.domain.idempotency import IdempotencyRecord
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.statements import insert_into

FIX: Final = (
    insert_into("idempotency", IdempotencyRecord.__slots__)
    + """
    ON CONFLICT DO UPDATE SET
        body_hash = excluded.body_hash,
        execution_id = excluded.execution_id,
        expires_at = excluded.expires_at
    WHERE expires_at <= :now
    """
)
GET: Final = "SELECT * FROM idempotency WHERE key_hash = ?"
REMOVE_EXPIRED: Final = """
    DELETE FROM idempotency WHERE key_hash IN (
        SELECT key_hash FROM idempotency WHERE expires_at <= ? LIMIT ?
    )
"""


class SqliteIdempotencyRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        # The durable insert of the execution, which follows, makes this write durable too.
        row = codec.IDEMPOTENCY_RECORD.dump_python(record, mode="json") | {"now": now}
        with self._database.writing(durable=False) as connection:
            connection.execute(FIX, row)
            fixed = connection.execute(GET, (record.key_hash,)).fetchone()
        return codec.IDEMPOTENCY_RECORD.validate_python(dict(fixed))

    def remove_expired(self, now: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE_EXPIRED, (now, limit)).rowcount
