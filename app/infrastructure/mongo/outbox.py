"""Results, and the events that are not in the log yet, in MongoDB."""

from contextlib import suppress
from typing import Any

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import Event, State, Time, pod_name
from app.domain.records import Result
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import IS_TIME, ExecutionDocument, ResultDocument
from app.infrastructure.mongo.executions import to_events


class Results:
    """The part of the store that is about results."""

    _connection: Connection

    @at_the_edge
    def insert_result(self, result: Result) -> None:
        with suppress(NotUniqueError):
            self._connection.insert(
                ResultDocument,
                id=result.id,
                execution_id=result.execution_id,
                result=codec.RESULT.encode(result),
            )
        # Looked at afterwards: whatever ends or erases the execution in between finds the result,
        # or is found here.
        if not self._belongs(result):
            self._connection.find(ResultDocument, id=result.id).delete()

    def _belongs(self, result: Result) -> bool:
        """To the attempt that is finished, or to the execution that it completed."""
        found = self._connection.find(ExecutionDocument, id=result.execution_id).as_pymongo()
        row = found.only("state", "attempt", "result_id", "erased").first()
        if row is None or row.get("erased"):
            return False
        if row["state"] == State.FINISHED:
            return pod_name(result.execution_id, row["attempt"]) == result.id
        return bool(row.get("result_id") == result.id)

    @at_the_edge
    def result(self, result_id: str) -> Result | None:
        found = self._connection.find(ResultDocument, id=result_id).as_pymongo().first()
        return codec.RESULT.decode(found["result"]) if found else None


class Outbox:
    """The part of the store that the relay empties into the event log."""

    _connection: Connection

    @at_the_edge
    def unrelayed(self, limit: int) -> list[tuple[str, list[Event]]]:
        waiting = self._connection.find(ExecutionDocument, relay_at=IS_TIME).as_pymongo()
        rows = waiting.only("events", "relayed").order_by("relay_at").limit(limit)
        return [(row["_id"], to_events(row, row["relayed"])) for row in rows]

    @at_the_edge
    def outbox(self, limit: int) -> tuple[int, Time | None]:
        waiting = self._connection.count(ExecutionDocument, at_most=limit, relay_at=IS_TIME)
        rows = self._connection.find(ExecutionDocument, relay_at=IS_TIME).as_pymongo()
        first = rows.only("relay_at").order_by("relay_at").first()
        return waiting, first["relay_at"] if first else None

    @at_the_edge
    def relayed(self, execution_id: str, version: int) -> None:
        newest = self._connection.find(ExecutionDocument, id=execution_id, version=version)
        all_of_them = {"$set": {"relayed": version}, "$unset": {"relay_at": True}}
        if not newest.update_one(__raw__=all_of_them):
            self._relayed_some(execution_id, version)

    def _relayed_some(self, execution_id: str, version: int) -> None:
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
