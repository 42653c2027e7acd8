"""Idempotency records, in memory."""

from threading import Lock

from app.domain.execution import Time
from app.domain.idempotency import IdempotencyRecord


class MemoryIdempotencyRecords:
    def __init__(self) -> None:
        self._lock = Lock()
        self._records: dict[str, IdempotencyRecord] = {}

    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        with self._lock:
            held = self._records.get(record.key_hash)
            if held is None or held.expires_at <= now:
                held = self._records[record.key_hash] = record
            return held

    def remove_expired(self, now: Time, limit: int) -> int:
        with self._lock:
            records = self._records.values()
            expired = [record.key_hash for record in records if record.expires_at <= now][:limit]
            for key_hash in expired:
                del self._records[key_hash]
            return len(expired)
