"""Batches, in memory."""

from collections.abc import Mapping
from copy import deepcopy

from app.domain.batch import Batch
from app.domain.execution import Time
from app.domain.submission import Submission
from app.infrastructure.memory.tables import Tables


class MemoryBatches:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._batches: dict[str, Batch] = {}

    def put(self, batch: Batch, submissions: Mapping[str, Submission]) -> bool:
        with self._tables.lock:
            if batch.id in self._batches:
                return False
            self._batches[batch.id] = batch
            for execution_id, submission in submissions.items():
                self._tables.submissions.setdefault(execution_id, deepcopy(submission))
            return True

    def get(self, batch_id: str) -> Batch | None:
        with self._tables.lock:
            return self._batches.get(batch_id)

    def due(self, now: Time, limit: int) -> list[Batch]:
        with self._tables.lock:
            due = [
                (batch.next_action_at, batch)
                for batch in self._batches.values()
                if batch.next_action_at is not None and batch.next_action_at <= now
            ]
            return [batch for _, batch in sorted(due, key=lambda item: item[0])[:limit]]

    def mark_complete(self, batch_id: str) -> None:
        with self._tables.lock:
            if batch_id in self._batches:
                self._batches[batch_id] = self._batches[batch_id].complete()

    def remove_created_before(self, time: Time, limit: int) -> int:
        with self._tables.lock:
            used = {row.batch_id for row in self._tables.rows.values()}
            complete = [each for each in self._batches.values() if each.next_action_at is None]
            old = [each for each in complete if each.created_at < time]
            oldest = sorted(old, key=lambda batch: batch.created_at)[:limit]
            removed = [batch.id for batch in oldest if batch.id not in used]
            for batch_id in removed:
                del self._batches[batch_id]
            return len(removed)
