"""The audit log, in memory."""

from dataclasses import replace
from threading import Lock

from app.domain.audit import AuditRecord
from app.domain.execution import Time
from app.domain.filters import lowest_id
from app.infrastructure.memory.tables import descending


class MemoryAuditLog:
    def __init__(self) -> None:
        self._lock = Lock()
        self._records: dict[str, AuditRecord] = {}

    def put(self, record: AuditRecord) -> None:
        with self._lock:
            self._records[record.id] = record

    def page(self, before: str | None, limit: int) -> list[AuditRecord]:
        with self._lock:
            return descending(self._records.values(), before, limit)

    def due(self, now: Time, limit: int) -> list[AuditRecord]:
        with self._lock:
            due = [
                (each.relay_at, each.id)
                for each in self._records.values()
                if each.relay_at is not None and each.relay_at <= now
            ]
            return [self._records[id] for _, id in sorted(due)[:limit]]

    def mark_relayed(self, record: AuditRecord) -> None:
        with self._lock:
            if self._records.get(record.id) == record:
                self._records[record.id] = replace(record, relay_at=None)

    def remove_before(self, time: Time, limit: int) -> int:
        with self._lock:
            old = sorted(id for id in self._records if id < lowest_id(time))[:limit]
            gone = [id for id in old if self._records[id].relay_at is None]
            for id in gone:
                del self._records[id]
            return len(gone)
