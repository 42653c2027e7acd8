"""Usage by day, in memory."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from app.domain.execution import Execution
from app.domain.usage import UsageDay
from app.infrastructure.memory.tables import Tables


class MemoryUsageRecords:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._days: dict[tuple[str, str, str], UsageDay] = {}

    def unfolded(self, limit: int) -> list[Execution]:
        with self._tables.lock:
            found = [row for row in self._tables.rows.values() if row.usage_at is not None]
            return deepcopy(sorted(found, key=lambda row: (row.usage_at or 0, row.id))[:limit])

    def still_unfolded(self, execution_ids: Sequence[str]) -> set[str]:
        with self._tables.lock:
            rows = (self._tables.rows.get(id) for id in execution_ids)
            return {row.id for row in rows if row is not None and row.usage_at is not None}

    def mark_folded(self, execution_ids: Sequence[str]) -> None:
        rows = self._tables.rows
        with self._tables.lock:
            there = [rows[id] for id in execution_ids if id in rows]
            rows |= {row.id: replace(row, usage_at=None) for row in there}

    def day(self, of: UsageDay) -> UsageDay:
        with self._tables.lock:
            return self._days.get(of.identity, of)

    def put(self, before: UsageDay, after: UsageDay) -> bool:
        with self._tables.lock:
            known = self._days.get(before.identity)
            if (known.version if known else 0) != before.version:
                return False
            self._days[after.identity] = after
            return True

    def days(self, owner: str | None, first: str, last: str) -> list[UsageDay]:
        with self._tables.lock:
            found = [
                each
                for each in self._days.values()
                if owner in (None, each.owner) and first <= each.day <= last
            ]
            return sorted(found, key=lambda each: (each.day, each.owner, each.key_id))
