"""Pending callbacks, in MongoDB."""

from collections.abc import Callable
from dataclasses import replace

from app.domain.callback import Callback
from app.domain.execution import Execution, Time
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import ExecutionDocument
from app.infrastructure.mongo.rows import from_callback, read_all, to_execution


class MongoDeliveries:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def claim_due(
        self, now: Time, limit: int, push: Callable[[Callback], Callback]
    ) -> list[Execution]:
        due = self._connection.objects(
            ExecutionDocument, callback_at__gt=0, callback_at__lte=now
        ).exclude("events")
        rows = read_all(to_execution, due.order_by("callback_at").limit(limit).as_pymongo())
        claimed = (self._claim(row, push) for row in rows)
        return [row for row in claimed if row]

    def _claim(self, row: Execution, push: Callable[[Callback], Callback]) -> Execution | None:
        if row.callback and self._update(row.id, row.callback, pushed := push(row.callback)):
            return replace(row, callback=pushed)
        return None

    @at_the_edge
    def update(self, execution_id: str, before: Callback, after: Callback) -> bool:
        return self._update(execution_id, before, after)

    def _update(self, execution_id: str, before: Callback, after: Callback) -> bool:
        seen = self._connection.objects(
            ExecutionDocument, id=execution_id, callback_at=before.next_at, callback__gt=""
        )
        stored = {f"set__{name}": value for name, value in from_callback(after).items()}
        return bool(seen.update_one(**stored))
