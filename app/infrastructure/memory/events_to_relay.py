"""Events that are not in the event log yet, in memory."""

from dataclasses import replace

from app.domain.execution import Event, Time
from app.infrastructure.memory.tables import Tables


class MemoryEventsToRelay:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def waiting(self, limit: int) -> list[tuple[str, list[Event]]]:
        tables = self._tables
        with tables.lock:
            waiting = [
                (
                    row.id,
                    [
                        replace(event, traceparent=row.traceparent)
                        for event in tables.events_after(row.id, tables.relayed[row.id])
                    ],
                )
                for row in tables.rows.values()
                if tables.relayed[row.id] < row.version
            ]
            return sorted(waiting, key=lambda item: item[1][0].time)[:limit]

    def backlog(self, limit: int) -> tuple[int, Time | None]:
        waiting = self.waiting(limit)
        return len(waiting), min((events[0].time for _, events in waiting), default=None)

    def mark_relayed(self, execution_id: str, version: int) -> None:
        relayed = self._tables.relayed
        with self._tables.lock:
            if execution_id in relayed:
                relayed[execution_id] = max(relayed[execution_id], version)
