"""Idempotency records, in MongoDB."""

from collections.abc import Mapping
from typing import Any

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import Time
from app.domain.records import IdempotencyRecord
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import IdempotencyDocument


class MongoIdempotencyRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        fields = codec.IDEMPOTENCY_RECORD.dump_python(record, mode="json")
        fields["id"] = fields.pop("key_hash")
        while True:
            try:
                self._connection.insert(IdempotencyDocument, **fields)
            except NotUniqueError:
                found = self._connection.find(IdempotencyDocument, id=record.key_hash)
                row = found.as_pymongo().first()
                if row is not None and row["expires_at"] > now:
                    return _to_idempotency_record(row)
                self._remove([record.key_hash], now)
            else:
                return record

    @at_the_edge
    def remove_expired(self, now: Time, limit: int) -> int:
        expired = self._connection.find(IdempotencyDocument, expires_at={"$lte": now})
        rows = expired.as_pymongo().only("id").limit(limit)
        return self._remove([row["_id"] for row in rows], now)

    def _remove(self, ids: list[str], now: Time) -> int:
        expired = self._connection.find(
            IdempotencyDocument, id={"$in": ids}, expires_at={"$lte": now}
        )
        removed: int = expired.delete()
        return removed


def _to_idempotency_record(row: Mapping[str, Any]) -> IdempotencyRecord:
    return codec.IDEMPOTENCY_RECORD.validate_python({**row, "key_hash": row["_id"]})
