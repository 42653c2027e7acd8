"""Executions and their programs, in MongoDB.

A change of state is one update of one document, with state, version and event together. Claims and
tries are conditional on what they have read. There are no array operators, aggregations or
transactions.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from mongoengine import Q
from mongoengine.errors import NotUniqueError
from mongoengine.queryset import QuerySet

from app.domain.blob import Blob
from app.domain.execution import (
    CHANGED_BY_TRANSITION,
    HAS_POD,
    TERMINAL,
    Change,
    Event,
    Execution,
    State,
    Time,
)
from app.domain.filters import ExecutionFilter
from app.domain.language import language_key, needed
from app.domain.submission import Priority, Submission
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import ExecutionDocument, ProgramDocument, ResultDocument
from app.infrastructure.mongo.rows import (
    from_event,
    from_execution,
    read_all,
    to_events,
    to_execution,
    to_label,
)
from app.infrastructure.programs import Programs
from app.ports import QueueEntry

IN_TERMINAL: Final = sorted(TERMINAL)


class MongoExecutions:
    def __init__(self, connection: Connection, programs: Programs) -> None:
        self._connection = connection
        self._programs = programs

    @repeatable
    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,  # noqa: ARG002  # the connection's write concern decides
        quota: int | None = None,  # noqa: ARG002  # without transactions, nothing would be exact
    ) -> bool:
        # Insert the program first, because an execution without one could not run. A repetition
        # with the same id finds what a crash leaves of an insert.
        program = self._programs.to_row(execution.id, submission)
        self._insert_once(ProgramDocument, id=execution.id, submission=program)
        return self._insert_once(ExecutionDocument, **_new_row(execution, event))

    def make_durable(self) -> None:
        """Do nothing: the server has confirmed each write, as its write concern says."""

    @repeatable
    def insert_all(self, new: Sequence[tuple[Execution, Event]]) -> None:
        ids = [execution.id for execution, _ in new]
        programs = self._connection.objects(ProgramDocument, id__in=ids).only("id")
        with_programs = {program.id for program in programs}
        rows = [_new_row(*each) for each in new if each[0].id in with_programs]
        self._connection.insert_all(ExecutionDocument, rows)

    @at_the_edge
    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        row = from_execution(execution) | {"relayed": execution.version}
        by_version = {str(event.version): from_event(event) for event in events}
        if self._insert_once(ExecutionDocument, **row, order=execution.id, events=by_version):
            return True
        changed = {name: row[name] for name in (*CHANGED_BY_TRANSITION, "rebuilt_at", "relayed")}
        changed |= {f"events__{version}": event for version, event in by_version.items()}
        earlier = self._rows(id=execution.id, version__lt=execution.version, rebuilt_at__gt=0)
        return bool(earlier.update_one(**_set(changed)))

    def _insert_once(self, document: type[Any], **fields: Any) -> bool:
        try:
            self._connection.insert(document, **fields)
        except NotUniqueError:
            return False
        return True

    def _rows(self, **query: Any) -> QuerySet:
        return self._connection.objects(ExecutionDocument, **query)

    @repeatable
    def get(self, execution_id: str) -> Execution | None:
        row = self._rows(id=execution_id).exclude("events").as_pymongo().first()
        return to_execution(row) if row else None

    @repeatable
    def submission(self, execution_id: str) -> Submission | None:
        stored = self._program(execution_id)
        return None if stored is None else self._programs.from_row(execution_id, stored)

    @repeatable
    def program_blob(self, execution_id: str) -> Blob | None:
        stored = self._program(execution_id)
        return None if stored is None else self._programs.blob_of(stored)

    def _program(self, execution_id: str) -> bytes | None:
        program = self._connection.objects(ProgramDocument, id=execution_id).first()
        return program.submission if program else None

    @repeatable
    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        row = self._rows(id=execution_id).only("events").first()
        return to_events(row, after_version) if row else []

    @at_the_edge
    def apply(self, change: Change) -> bool:
        row = from_execution(change.after)
        changed = {name: row[name] for name in (*CHANGED_BY_TRANSITION, "callback_at")}
        changed[f"events__{change.event.version}"] = from_event(change.event)
        update = _set(changed) | {"min__relay_at": change.event.time}
        if change.after.state.terminal:
            update["unset__unfinished"] = True
        if change.after.attempt != change.before.attempt:
            update["set__place"] = None
        before = self._rows(id=change.before.id, version=change.before.version)
        return bool(before.update_one(**update))

    @at_the_edge
    def begin(
        self,
        execution_id: str,
        states: frozenset[State],
        step: str,
        now: Time,
        next_action_at: Time,
        *,
        at: str | None = None,
        places: bool = False,
    ) -> Execution | None:
        rows = self._rows(id=execution_id, state__in=sorted(states), rebuilt_at=None)
        changed: dict[str, Any] = {"set__next_action_at": next_action_at, f"inc__tries__{step}": 1}
        if at is not None and places:
            new = self._begin(rows.filter(place=None), now, changed | {"set__place": at})
            if new is not None:
                return new
        return self._begin(rows if at is None else rows.filter(place=at), now, changed)

    @staticmethod
    def _begin(rows: QuerySet, now: Time, changed: dict[str, Any]) -> Execution | None:
        for free in (rows.filter(held_until=None), rows.filter(held_until__lte=now)):
            if begun := free.exclude("events").modify(new=True, **changed):
                return to_execution(begun.to_mongo())
        return None

    @at_the_edge
    def hold(self, execution: Execution, until: Time) -> bool:
        row = self._rows(id=execution.id, version=execution.version)
        return bool(row.update_one(set__held_until=until, set__next_action_at=until))

    @at_the_edge
    def put_place(self, execution: Execution, place: str | None) -> bool:
        row = self._rows(id=execution.id, version=execution.version, place=execution.place)
        return bool(row.update_one(set__place=place))

    @at_the_edge
    def reschedule(
        self, execution: Execution, next_action_at: Time, message: str | None = None
    ) -> bool:
        row = self._rows(id=execution.id, version=execution.version)
        time = {"set__next_action_at": next_action_at, "set__held_until": None}
        waits = {} if message is None else {"set__message": message}
        return bool(row.update_one(**time, **waits, set__tries={}))

    @at_the_edge
    def settle(self, execution: Execution) -> None:
        unnamed = execution.unnamed_results
        if unnamed and execution.state.terminal:
            self._connection.objects(ResultDocument, id__in=unnamed).delete()
        # Update the row last: it stays due until then, so that the next call completes an
        # interrupted one.
        row = self._rows(id=execution.id, state__in=IN_TERMINAL)
        row.update_one(set__next_action_at=None)

    @at_the_edge
    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        due = self._rows(
            state__in=sorted(states), next_action_at__gt=0, next_action_at__lte=now
        ).exclude("events")
        rows = read_all(to_execution, due.order_by("next_action_at").limit(limit).as_pymongo())
        claimed = (self._claim(row, push(row)) for row in rows)
        return [row for row in claimed if row]

    def _claim(self, row: Execution, next_action_at: Time) -> Execution | None:
        seen = self._rows(id=row.id, version=row.version, next_action_at=row.next_action_at)
        if seen.update_one(set__next_action_at=next_action_at):
            return replace(row, next_action_at=next_action_at)
        return None

    @repeatable
    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        rows = self._rows(state__in=sorted(states), order__gt=after, rebuilt_at=None)
        languages = ("language", "language_version", "checker_language")
        fields = ("id", "owner", "priority", "created_at", *languages)
        return [
            QueueEntry(
                row.id,
                row.owner,
                Priority(row.priority),
                row.created_at,
                needed(language_key(row.language, row.language_version), row.checker_language),
            )
            for row in rows.only(*fields).order_by("order").limit(limit)
        ]

    @repeatable
    def placed(self, place: str, limit: int) -> list[Execution]:
        rows = self._rows(state__in=sorted(HAS_POD), place=place).exclude("events")
        return read_all(to_execution, rows.limit(limit).as_pymongo())

    @repeatable
    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        rows = self._rows(id__in=list(execution_ids)).only("id", "state", "attempt")
        return {row.id: (State(row.state), row.attempt) for row in rows}

    @repeatable
    def page(self, filter: ExecutionFilter, before: str | None, limit: int) -> list[Execution]:
        rows = self._connection.objects(ExecutionDocument).filter(_matches(filter, before))
        shown = rows.exclude("events").order_by("-order").limit(limit)
        return read_all(to_execution, shown.as_pymongo())

    @repeatable
    def count(self, filter: ExecutionFilter, at_most: int) -> int:
        rows = self._connection.objects(ExecutionDocument).filter(_matches(filter, None))
        return len(rows.only("id").limit(at_most).as_pymongo())

    @at_the_edge
    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        row = self._rows(id=execution_id, retried_as=None)
        return bool(row.update_one(set__retried_as=retried_as))

    @at_the_edge
    def erase(self, execution_id: str) -> None:
        if not self._connection.count(ExecutionDocument, id=execution_id, state__in=IN_TERMINAL):
            return
        # Mark the row afterwards: a marked row can't be erased again, so a crash in between must
        # leave it unmarked. Then delete again, for a result that was inserted in the meantime.
        self._forget_contents([execution_id])
        self._mark_erased(execution_id)
        self._forget_contents([execution_id])

    def _mark_erased(self, execution_id: str) -> None:
        self._rows(id=execution_id).update_one(set__erased=True, unset__door_data=True)

    def _forget_contents(self, execution_ids: Iterable[str]) -> None:
        ids = list(execution_ids)
        self._connection.objects(ProgramDocument, id__in=ids).delete()
        self._connection.objects(ResultDocument, execution_id__in=ids).delete()

    @at_the_edge
    def remove_ended_before(self, time: Time, limit: int) -> list[str]:
        removable = self._removable(ended_at__lt=time)
        ids = [row.id for row in removable.only("id").order_by("ended_at").limit(limit)]
        # Delete the row last: it leads to what a crash leaves.
        self._forget_contents(ids)
        self._rows(id__in=ids).delete()
        return ids

    @repeatable
    def oldest_removable(self) -> Time | None:
        oldest = self._removable().only("ended_at").order_by("ended_at").first()
        return oldest.ended_at if oldest else None

    def _removable(self, **also: Time) -> Any:
        """The rows that retention may remove."""
        settled = {"next_action_at": None, "relay_at": None, "callback_at": None, "usage_at": None}
        return self._rows(ended_at__gt=0, **settled, **also)

    def not_erased(self, execution_ids: Sequence[str]) -> set[str]:
        rows = self._rows(id__in=list(execution_ids)).only("id", "erased")
        return {row.id for row in rows if not row.erased}


def _new_row(execution: Execution, event: Event) -> dict[str, Any]:
    return from_execution(execution) | {
        "order": execution.id,
        "unfinished": True,
        "relayed": 0,
        "relay_at": event.time,
        "events": {str(event.version): from_event(event)},
    }


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {f"set__{name}": value for name, value in values.items()}


def _matches(filter: ExecutionFilter, before: str | None) -> Q:
    """The query of a page. Each facet alone, with or without an owner, has an index."""
    query = Q(erased=False)
    for name in ("owner", "state", "outcome", "language", "priority"):
        if (value := getattr(filter, name)) is not None:
            query &= Q(**{name: value})
    if filter.batch is not None:
        query &= Q(batch_id=filter.batch)
    for key, value in (filter.labels or {}).items():
        query &= Q(labels=to_label(key, value))
    if filter.states is not None:
        query &= Q(state__in=sorted(filter.states))
    if filter.unretried:
        query &= Q(retried_as=None)
    if filter.ids is not None:
        query &= Q(id__in=sorted(filter.ids))
    if filter.first_id is not None:
        query &= Q(order__gte=filter.first_id)
    ends = [id for id in (before, filter.end_id) if id is not None]
    return query & Q(order__lt=min(ends)) if ends else query
