"""Pending callbacks, in memory."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from app.domain.callback import Callback
from app.domain.execution import Execution, Time
from app.infrastructure.memory.tables import Tables


class MemoryDeliveries:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def claim_due(
        self, now: Time, limit: int, push: Callable[[Callback], Callback]
    ) -> list[Execution]:
        rows = self._tables.rows
        with self._tables.lock:
            due = sorted(
                (at, row.id, row.callback)
                for row in rows.values()
                if row.callback and (at := row.callback.next_at) is not None and at <= now
            )
            claimed = [
                replace(rows[id], callback=push(callback)) for _, id, callback in due[:limit]
            ]
            rows |= {row.id: row for row in claimed}
            return deepcopy(claimed)

    def update(self, execution_id: str, before: Callback, after: Callback) -> bool:
        with self._tables.lock:
            row = self._tables.rows.get(execution_id)
            if row is None or row.callback is None or row.callback.next_at != before.next_at:
                return False
            self._tables.rows[row.id] = replace(row, callback=after)
            return True
