"""Counts of executions, in MongoDB."""

from typing import Any

from app.domain.execution import UNFINISHED, State, Time
from app.domain.submission import Priority
from app.infrastructure.mongo.connection import Connection, repeatable
from app.infrastructure.mongo.documents import ExecutionDocument


class MongoCounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @repeatable
    def unfinished(self, owner: str) -> int:
        return self._connection.count(ExecutionDocument, owner=owner, unfinished=True)

    @repeatable
    def by_state(self) -> dict[tuple[State, Priority], int]:
        bands = ((state, priority) for state in UNFINISHED for priority in Priority)
        return {
            (state, priority): self._connection.count(
                ExecutionDocument, state=state, priority=priority, unfinished=True
            )
            for state, priority in bands
        }

    @repeatable
    def oldest_queued(self) -> dict[Priority, Time]:
        oldest = {priority: self._oldest_queued(priority) for priority in Priority}
        return {priority: row.created_at for priority, row in oldest.items() if row}

    @repeatable
    def oldest_queued_of(self, owner: str) -> Time | None:
        queued = self._connection.objects(
            ExecutionDocument, owner=owner, state=State.QUEUED, erased=False, rebuilt_at=None
        )
        found = queued.only("created_at").order_by("order").first()
        return found.created_at if found else None

    def _oldest_queued(self, priority: Priority) -> Any:
        queued = self._connection.objects(
            ExecutionDocument, state=State.QUEUED, priority=priority, unfinished=True
        )
        return queued.only("created_at").order_by("created_at").first()
