"""The audit log, in MongoDB."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.domain.audit import AuditRecord
from app.domain.execution import Time
from app.domain.filters import lowest_id
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import AuditDocument
from app.infrastructure.mongo.rows import read_all


class MongoAuditLog:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, record: AuditRecord) -> None:
        fields = {"order": record.id, "record": codec.audit_text(record)}
        due = {"unset__relay_at": 1} if record.relay_at is None else {"relay_at": record.relay_at}
        found = self._connection.objects(AuditDocument, id=record.id)
        found.update_one(upsert=True, **fields, **due)

    @repeatable
    def page(self, before: str | None, limit: int) -> list[AuditRecord]:
        query = {} if before is None else {"order__lt": before}
        found = self._connection.objects(AuditDocument, **query)
        return _to_records(found.order_by("-order").limit(limit))

    @repeatable
    def due(self, now: Time, limit: int) -> list[AuditRecord]:
        found = self._connection.objects(AuditDocument, relay_at__gt=0, relay_at__lte=now)
        return _to_records(found.order_by("relay_at").limit(limit))

    @at_the_edge
    def mark_relayed(self, record: AuditRecord) -> None:
        # Compare records, not texts: a newer release may store fields that this one doesn't know.
        found = self._connection.objects(AuditDocument, id=record.id).first()
        if found is not None and _to_record(found) == replace(record, relay_at=found.relay_at):
            seen = self._connection.objects(AuditDocument, id=record.id, record=found.record)
            seen.update_one(unset__relay_at=1)

    @at_the_edge
    def remove_before(self, time: Time, limit: int) -> int:
        old = self._connection.objects(AuditDocument, order__lt=lowest_id(time))
        ids = [each.id for each in old.only("id").order_by("order").limit(limit)]
        removed: int = self._connection.objects(AuditDocument, id__in=ids, relay_at=None).delete()
        return removed


def _to_records(found: Iterable[Any]) -> list[AuditRecord]:
    return read_all(_to_record, found)


def _to_record(found: Any) -> AuditRecord:
    return codec.audit_record(found.record, found.relay_at)
