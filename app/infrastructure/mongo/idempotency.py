"""Idempotency records, in MongoDB."""

from typing import Any

from mongoengine.errors import NotUniqueError

from app.domain.execution import Time
from app.domain.idempotency import IdempotencyRecord
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import IdempotencyDocument


class MongoIdempotencyRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @repeatable
    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        values = codec.IDEMPOTENCY_RECORD.dump_python(record, mode="json")
        values["id"] = values.pop("key_hash")
        while True:
            try:
                self._connection.insert(IdempotencyDocument, **values)
            except NotUniqueError:
                found = self._connection.objects(IdempotencyDocument, id=record.key_hash).first()
                if found is not None and found.expires_at > now:
                    return _to_record(found)
                self._remove([record.key_hash], now)
            else:
                return record

    @at_the_edge
    def remove_expired(self, now: Time, limit: int) -> int:
        expired = self._connection.objects(IdempotencyDocument, expires_at__lte=now)
        return self._remove([record.id for record in expired.only("id").limit(limit)], now)

    def _remove(self, ids: list[str], now: Time) -> int:
        expired = self._connection.objects(IdempotencyDocument, id__in=ids, expires_at__lte=now)
        removed: int = expired.delete()
        return removed


def _to_record(found: Any) -> IdempotencyRecord:
    return IdempotencyRecord(
        key_hash=found.id,
        body_hash=found.body_hash,
        execution_id=found.execution_id,
        expires_at=found.expires_at,
    )
