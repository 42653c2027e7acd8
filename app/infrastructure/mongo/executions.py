"""Executions and their programs, in MongoDB.

A change of state is one update of one document: state, version and event together. Claims and
tries are updates that name what they saw. No array operators, no aggregation, no transactions.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import (
    CHANGED_BY_TRANSITION,
    TERMINAL,
    Change,
    Event,
    Execution,
    State,
    Time,
)
from app.domain.records import ExecutionFilter
from app.domain.submission import Priority, Submission
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import (
    IS_TIME,
    ExecutionDocument,
    ProgramDocument,
    ResultDocument,
)
from app.ports import QueueEntry

IS_TERMINAL: Final = {"$in": sorted(TERMINAL)}


class MongoExecutions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def insert(self, execution: Execution, submission: Submission, event: Event) -> bool:
        # The program first: an execution without one could not be run. What a crash leaves of
        # an insert is found by its repetition under the same id.
        program = codec.SUBMISSION.encode(submission)
        self._insert_once(ProgramDocument, id=execution.id, submission=program)
        return self._insert_once(
            ExecutionDocument,
            **from_execution(execution),
            order=execution.id,
            unfinished=True,
            relayed=0,
            relay_at=event.time,
            events={str(event.version): from_event(event)},
        )

    @at_the_edge
    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        row = from_execution(execution) | {"relayed": execution.version}
        by_version = {str(event.version): from_event(event) for event in events}
        if self._insert_once(ExecutionDocument, **row, order=execution.id, events=by_version):
            return True
        changed = {name: row[name] for name in (*CHANGED_BY_TRANSITION, "rebuilt_at", "relayed")}
        changed |= {f"events.{version}": event for version, event in by_version.items()}
        earlier = {
            "id": execution.id,
            "version": {"$lt": execution.version},
            "rebuilt_at": IS_TIME,
        }
        return self._changed_one(earlier, {"$set": changed})

    def _insert_once(self, document: type[Any], **fields: Any) -> bool:
        try:
            self._connection.insert(document, **fields)
        except NotUniqueError:
            return False
        return True

    @at_the_edge
    def get(self, execution_id: str) -> Execution | None:
        row = self._row(id=execution_id).exclude("events").first()
        return to_execution(row) if row else None

    def _row(self, **query: Any) -> Any:
        return self._connection.find(ExecutionDocument, **query).as_pymongo()

    @at_the_edge
    def submission(self, execution_id: str) -> Submission | None:
        found = self._connection.find(ProgramDocument, id=execution_id).as_pymongo().first()
        return codec.SUBMISSION.decode(found["submission"]) if found else None

    @at_the_edge
    def apply(self, change: Change) -> bool:
        row = from_execution(change.after)
        changed = {name: row[name] for name in CHANGED_BY_TRANSITION}
        changed[f"events.{change.event.version}"] = from_event(change.event)
        update: dict[str, Any] = {"$set": changed, "$min": {"relay_at": change.event.time}}
        if change.after.state.terminal:
            update["$unset"] = {"unfinished": True}
        return self._changed_one({"id": change.before.id, "version": change.before.version}, update)

    def _changed_one(self, query: dict[str, Any], update: dict[str, Any]) -> bool:
        found = self._connection.find(ExecutionDocument, **query)
        return bool(found.update_one(__raw__=update))

    @at_the_edge
    def begin(
        self, execution_id: str, states: frozenset[State], step: str, next_action_at: Time
    ) -> Execution | None:
        found = self._connection.find(
            ExecutionDocument, id=execution_id, state={"$in": sorted(states)}, rebuilt_at=None
        )
        begun = found.exclude("events").modify(
            new=True,
            __raw__={"$inc": {f"tries.{step}": 1}, "$set": {"next_action_at": next_action_at}},
        )
        return to_execution(begun.to_mongo()) if begun else None

    @at_the_edge
    def reschedule(self, execution: Execution, next_action_at: Time) -> bool:
        return self._changed_one(
            {"id": execution.id, "version": execution.version},
            {"$set": {"next_action_at": next_action_at, "tries": {}}},
        )

    @at_the_edge
    def settle(self, execution: Execution) -> None:
        unnamed = execution.unnamed_results
        if unnamed and execution.state.terminal:
            self._connection.find(ResultDocument, id={"$in": unnamed}).delete()
        # The row last: until then it is due, so what a crash leaves is removed by the next one.
        self._changed_one(
            {"id": execution.id, "state": IS_TERMINAL}, {"$set": {"next_action_at": None}}
        )

    @at_the_edge
    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        due = self._row(state={"$in": sorted(states)}, next_action_at=IS_TIME | {"$lte": now})
        rows = due.exclude("events").order_by("next_action_at").limit(limit)
        claimed = (self._claim(row, push(row)) for row in map(to_execution, rows))
        return [row for row in claimed if row]

    def _claim(self, row: Execution, next_action_at: Time) -> Execution | None:
        seen = {"id": row.id, "version": row.version, "next_action_at": row.next_action_at}
        if self._changed_one(seen, {"$set": {"next_action_at": next_action_at}}):
            return replace(row, next_action_at=next_action_at)
        return None

    @at_the_edge
    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        rows = self._row(state={"$in": sorted(states)}, order={"$gt": after}, rebuilt_at=None)
        fields = ("id", "owner", "priority", "created_at")
        return [
            # pymongo decodes a large number as Int64, which hiredis does not take for an int.
            QueueEntry(row["_id"], row["owner"], Priority(row["priority"]), int(row["created_at"]))
            for row in rows.only(*fields).order_by("order").limit(limit)
        ]

    @at_the_edge
    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        rows = self._row(id={"$in": list(execution_ids)}).only("state", "attempt")
        return {row["_id"]: (State(row["state"]), row["attempt"]) for row in rows}

    @at_the_edge
    def page(self, filter: ExecutionFilter, before: str | None, limit: int) -> list[Execution]:
        rows = self._row(**listing(filter, before))
        return [to_execution(row) for row in rows.exclude("events").order_by("-order").limit(limit)]

    @at_the_edge
    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        row = self._row(id=execution_id).only("events").first()
        return to_events(row, after_version) if row else []

    @at_the_edge
    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        return self._changed_one(
            {"id": execution_id, "retried_as": None}, {"$set": {"retried_as": retried_as}}
        )

    @at_the_edge
    def erase(self, execution_id: str) -> None:
        if not self._connection.count(ExecutionDocument, _id=execution_id, state=IS_TERMINAL):
            return
        # The mark afterwards: a marked row can't be deleted again, so a crash in between must
        # leave one without it. Once more after it, for a result that was inserted meanwhile.
        self._forget_contents([execution_id])
        self._changed_one({"id": execution_id}, {"$set": {"erased": True}})
        self._forget_contents([execution_id])

    def _forget_contents(self, execution_ids: Iterable[str]) -> None:
        ids = {"$in": list(execution_ids)}
        self._connection.find(ProgramDocument, id=ids).delete()
        self._connection.find(ResultDocument, execution_id=ids).delete()

    @at_the_edge
    def remove_ended_before(self, time: Time, limit: int) -> int:
        removable = self._row(
            completed_at=IS_TIME | {"$lt": time}, next_action_at=None, relay_at=None
        )
        rows = removable.only("id").order_by("completed_at").limit(limit)
        ids = [row["_id"] for row in rows]
        # The row last: what a crash leaves is found again by it.
        self._forget_contents(ids)
        removed: int = self._connection.find(ExecutionDocument, id={"$in": ids}).delete()
        return removed


def from_execution(execution: Execution) -> dict[str, Any]:
    fields: dict[str, Any] = codec.EXECUTION.dump_python(execution, mode="json")
    fields["labels"] = [_label(key, value) for key, value in execution.labels.items()]
    return fields


def to_execution(row: Mapping[str, Any]) -> Execution:
    labels = dict(json.loads(label) for label in row.get("labels", ()))
    fields = {"next_action_at": None, **row, "id": row["_id"], "labels": labels}
    return codec.EXECUTION.validate_python(fields)


def from_event(event: Event) -> dict[str, Any]:
    return {"type": event.type, "time": event.time, "data": json.dumps(event.data)}


def to_events(row: Mapping[str, Any], after_version: int) -> list[Event]:
    events = sorted((int(version), event) for version, event in row["events"].items())
    return [
        Event(row["_id"], version, event["type"], event["time"], json.loads(event["data"]))
        for version, event in events
        if version > after_version
    ]


def listing(filter: ExecutionFilter, before: str | None) -> dict[str, Any]:
    """The query of a page. Each facet alone, with or without an owner, has an index."""
    query: dict[str, Any] = {
        name: value
        for name in ("owner", "state", "outcome", "language")
        if (value := getattr(filter, name)) is not None
    }
    labels = [_label(key, value) for key, value in (filter.labels or {}).items()]
    if labels:
        query["$and"] = [{"labels": label} for label in labels]
    if before is not None:
        query["order"] = {"$lt": before}
    return query | {"erased": False}


def _label(key: str, value: str) -> str:
    return json.dumps([key, value])
