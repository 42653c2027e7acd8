"""Counts of executions, in memory."""

from collections import Counter

from app.domain.execution import UNFINISHED, State, Time
from app.domain.submission import Priority
from app.infrastructure.memory.tables import Tables


class MemoryCounts:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def unfinished(self, owner: str) -> int:
        with self._tables.lock:
            return self._tables.unfinished(owner)

    def by_state(self) -> dict[tuple[State, Priority], int]:
        with self._tables.lock:
            rows = self._tables.worked_on()
            return dict(
                Counter((row.state, row.priority) for row in rows if row.state in UNFINISHED)
            )

    def oldest_queued(self) -> dict[Priority, Time]:
        with self._tables.lock:
            queued = [row for row in self._tables.worked_on() if row.state is State.QUEUED]
            return {
                priority: min(row.created_at for row in queued if row.priority is priority)
                for priority in {row.priority for row in queued}
            }

    def oldest_queued_of(self, owner: str) -> Time | None:
        with self._tables.lock:
            rows = self._tables.worked_on()
            queued = [row for row in rows if row.state is State.QUEUED and row.owner == owner]
            return min((row.created_at for row in queued), default=None)
