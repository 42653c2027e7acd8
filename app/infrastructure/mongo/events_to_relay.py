"""Events that are not in the event log yet, in MongoDB."""

from typing import Any

from app.domain.execution import Event, Time
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import IS_TIME, ExecutionDocument
from app.infrastructure.mongo.executions import to_events


class MongoEventsToRelay:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def waiting(self, limit: int) -> list[tuple[str, list[Event]]]:
        waiting = self._connection.find(ExecutionDocument, relay_at=IS_TIME).as_pymongo()
        rows = waiting.only("events", "relayed").order_by("relay_at").limit(limit)
        return [(row["_id"], to_events(row, row["relayed"])) for row in rows]

    @at_the_edge
    def backlog(self, limit: int) -> tuple[int, Time | None]:
        waiting = self._connection.count(ExecutionDocument, at_most=limit, relay_at=IS_TIME)
        rows = self._connection.find(ExecutionDocument, relay_at=IS_TIME).as_pymongo()
        first = rows.only("relay_at").order_by("relay_at").first()
        return waiting, first["relay_at"] if first else None

    @at_the_edge
    def mark_relayed(self, execution_id: str, version: int) -> None:
        newest = self._connection.find(ExecutionDocument, id=execution_id, version=version)
        all_of_them = {"$set": {"relayed": version}, "$unset": {"relay_at": True}}
        if not newest.update_one(__raw__=all_of_them):
            self._mark_some(execution_id, version)

    def _mark_some(self, execution_id: str, version: int) -> None:
        """Newer events wait: name the first of them, unless others changed the row meanwhile."""
        done = False
        while not done:
            row = self._relay_state(execution_id)
            if row is None or row["relayed"] >= version:
                return
            seen = {"version": row["version"], "relayed": row["relayed"]}
            waiting = to_events(row, version)
            update: dict[str, Any] = {"$set": {"relayed": version}}
            if waiting:
                update["$set"]["relay_at"] = waiting[0].time
            else:
                update["$unset"] = {"relay_at": True}
            found = self._connection.find(ExecutionDocument, id=execution_id, **seen)
            done = bool(found.update_one(__raw__=update))

    def _relay_state(self, execution_id: str) -> Any:
        found = self._connection.find(ExecutionDocument, id=execution_id).as_pymongo()
        return found.only("version", "relayed", "events").first()
