"""Events that are not in the event log yet, in MongoDB."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mongoengine.queryset import QuerySet

from app.domain.execution import Event, Time
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import ExecutionDocument
from app.infrastructure.mongo.rows import to_events


class MongoEventsToRelay:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @repeatable
    def waiting(self, limit: int) -> list[tuple[str, list[Event]]]:
        rows = self._waiting().only("events", "relayed", "traceparent").limit(limit)
        return [(row.id, _traced(to_events(row, row.relayed), row.traceparent)) for row in rows]

    @repeatable
    def backlog(self, limit: int) -> tuple[int, Time | None]:
        waiting = self._connection.count(ExecutionDocument, at_most=limit, relay_at__gt=0)
        first = self._waiting().only("relay_at").first()
        return waiting, first.relay_at if first else None

    def _waiting(self) -> QuerySet:
        return self._connection.objects(ExecutionDocument, relay_at__gt=0).order_by("relay_at")

    @at_the_edge
    def mark_relayed(self, execution_id: str, version: int) -> None:
        newest = self._connection.objects(ExecutionDocument, id=execution_id, version=version)
        if not newest.update_one(set__relayed=version, unset__relay_at=True):
            self._mark_some(execution_id, version)

    def _mark_some(self, execution_id: str, version: int) -> None:
        """Record the first newer event that waits; repeat if the row has changed meanwhile."""
        done = False
        while not done:
            row = self._relay_state(execution_id)
            if row is None or row.relayed >= version:
                return
            waiting = to_events(row, version)
            since = {"set__relay_at": waiting[0].time} if waiting else {"unset__relay_at": True}
            seen = self._connection.objects(
                ExecutionDocument, id=execution_id, version=row.version, relayed=row.relayed
            )
            done = bool(seen.update_one(set__relayed=version, **since))

    def _relay_state(self, execution_id: str) -> Any:
        rows = self._connection.objects(ExecutionDocument, id=execution_id)
        return rows.only("version", "relayed", "events").first()


def _traced(events: Iterable[Event], traceparent: str | None) -> list[Event]:
    return [replace(event, traceparent=traceparent) for event in events]
