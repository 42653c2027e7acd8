"""Executions and their programs, in memory."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

from app.domain.blob import Blob
from app.domain.execution import (
    CHANGED_BY_TRANSITION,
    HAS_POD,
    Change,
    Event,
    Execution,
    State,
    Time,
)
from app.domain.filters import ExecutionFilter
from app.domain.submission import Submission
from app.infrastructure.memory.tables import Tables, descending
from app.ports import QueueEntry


class MemoryExecutions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        tables = self._tables
        with tables.lock:
            if execution.id in tables.rows:
                return False
            if quota is not None and tables.unfinished(execution.owner) >= quota:
                return False
            tables.wrote(execution.id, durable=durable, new=True)
            tables.submissions[execution.id] = deepcopy(submission)
            self._put_row(execution, event)
            return True

    def make_durable(self) -> None:
        self._tables.not_durable.clear()

    def insert_all(self, new: Sequence[tuple[Execution, Event]]) -> None:
        tables = self._tables
        with tables.lock:
            for execution, event in new:
                if execution.id not in tables.rows and execution.id in tables.submissions:
                    self._put_row(execution, event)

    def _put_row(self, execution: Execution, event: Event) -> None:
        self._tables.rows[execution.id] = deepcopy(execution)
        self._tables.events[execution.id] = [deepcopy(event)]
        self._tables.relayed[execution.id] = 0

    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        tables = self._tables
        with tables.lock:
            row = tables.rows.get(execution.id)
            if row is not None and (row.rebuilt_at is None or row.version >= execution.version):
                return False
            tables.rows[execution.id] = deepcopy(execution)
            tables.events.setdefault(execution.id, []).extend(deepcopy(list(events)))
            tables.relayed[execution.id] = execution.version
            return True

    def get(self, execution_id: str) -> Execution | None:
        with self._tables.lock:
            return deepcopy(self._tables.rows.get(execution_id))

    def submission(self, execution_id: str) -> Submission | None:
        with self._tables.lock:
            return deepcopy(self._tables.submissions.get(execution_id))

    def program_blob(self, execution_id: str) -> Blob | None:  # noqa: ARG002  # all are in rows
        return None

    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        with self._tables.lock:
            return self._tables.events_after(execution_id, after_version)

    def apply(self, change: Change) -> bool:
        rows = self._tables.rows
        with self._tables.lock:
            row = rows.get(change.before.id)
            if row is None or row.version != change.before.version:
                return False
            changed = {name: getattr(change.after, name) for name in CHANGED_BY_TRANSITION}
            place = row.place if change.after.attempt == row.attempt else None
            rows[row.id] = replace(row, place=place, **deepcopy(changed))
            self._tables.wrote(row.id, durable=change.after.state.terminal)
            self._tables.events[row.id].append(deepcopy(change.event))
            return True

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
        with self._tables.lock:
            row = self._tables.rows.get(execution_id)
            if row is None or row.state not in states or row.rebuilt_at is not None:
                return None
            if row.held_until is not None and row.held_until > now:
                return None
            place = at if places and row.place is None else row.place
            if at not in (None, place):
                return None
            tries = {**row.tries, step: row.tries.get(step, 0) + 1}
            begun = replace(row, place=place, tries=tries, next_action_at=next_action_at)
            self._tables.rows[row.id] = begun
            return deepcopy(begun)

    def put_place(self, execution: Execution, place: str | None) -> bool:
        with self._tables.lock:
            row = self._tables.rows.get(execution.id)
            if row is None or (row.version, row.place) != (execution.version, execution.place):
                return False
            self._tables.rows[row.id] = replace(row, place=place)
            return True

    def reschedule(
        self, execution: Execution, next_action_at: Time, message: str | None = None
    ) -> bool:
        with self._tables.lock:
            row = self._tables.rows.get(execution.id)
            if row is None or row.version != execution.version:
                return False
            self._tables.rows[row.id] = replace(
                row,
                tries={},
                next_action_at=next_action_at,
                held_until=None,
                message=row.message if message is None else message,
            )
            return True

    def hold(self, execution: Execution, until: Time) -> bool:
        with self._tables.lock:
            row = self._tables.rows.get(execution.id)
            if row is None or row.version != execution.version:
                return False
            self._tables.rows[row.id] = replace(row, held_until=until, next_action_at=until)
            return True

    def settle(self, execution: Execution) -> None:
        with self._tables.lock:
            row = self._tables.rows.get(execution.id)
            if row is not None and row.state.terminal:
                for result_id in row.unnamed_results:
                    self._tables.results.pop(result_id, None)
                self._tables.rows[row.id] = replace(row, next_action_at=None)

    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        rows = self._tables.rows
        with self._tables.lock:
            due = [row for row in rows.values() if row.state in states and _due(row, now)]
            claimed = [
                replace(row, next_action_at=push(deepcopy(row)))
                for row in sorted(due, key=lambda row: row.next_action_at or 0)[:limit]
            ]
            rows |= {row.id: row for row in claimed}
            return deepcopy(claimed)

    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        with self._tables.lock:
            worked_on = self._tables.worked_on()
            rows = [row for row in worked_on if row.state in states and row.id > after]
            return [
                QueueEntry(
                    row.id,
                    row.owner,
                    row.priority,
                    row.created_at,
                    row.languages,
                )
                for row in sorted(rows, key=lambda row: row.id)[:limit]
            ]

    def placed(self, place: str, limit: int) -> list[Execution]:
        with self._tables.lock:
            rows = [row for row in self._tables.worked_on() if row.place == place]
            return deepcopy([row for row in rows if row.state in HAS_POD][:limit])

    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        with self._tables.lock:
            rows = [self._tables.rows[id] for id in execution_ids if id in self._tables.rows]
            return {row.id: (row.state, row.attempt) for row in rows}

    def page(self, filter: ExecutionFilter, before: str | None, limit: int) -> list[Execution]:
        with self._tables.lock:
            rows = self._tables.rows.values()
            shown = [row for row in rows if not row.erased and _matches(row, filter)]
            return deepcopy(descending(shown, before, limit))

    def count(self, filter: ExecutionFilter, at_most: int) -> int:
        return len(self.page(filter, None, at_most))

    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        with self._tables.lock:
            row = self._tables.rows.get(execution_id)
            if row is None or row.retried_as is not None:
                return False
            self._tables.rows[row.id] = replace(row, retried_as=retried_as)
            return True

    def erase(self, execution_id: str) -> None:
        with self._tables.lock:
            row = self._tables.rows.get(execution_id)
            if row is None or not row.state.terminal:
                return
            self._tables.rows[row.id] = replace(row, erased=True, door_data=None)
            self._tables.forget_contents(row.id)

    def remove_ended_before(self, time: Time, limit: int) -> list[str]:
        tables = self._tables
        with tables.lock:
            removable = [row.id for row in tables.rows.values() if self._removable(row, time)]
            for execution_id in removable[:limit]:
                del tables.rows[execution_id]
                del tables.events[execution_id]
                del tables.relayed[execution_id]
                tables.forget_contents(execution_id)
            return removable[:limit]

    def oldest_removable(self) -> Time | None:
        with self._tables.lock:
            rows = self._tables.rows.values()
            removable = [row for row in rows if self._removable(row, _NEVER)]
            return min((row.ended_at for row in removable if row.ended_at), default=None)

    def not_erased(self, execution_ids: Sequence[str]) -> set[str]:
        with self._tables.lock:
            rows = self._tables.rows
            return {id for id in execution_ids if id in rows and not rows[id].erased}

    def _removable(self, row: Execution, time: Time) -> bool:
        settled = row.ended_at is not None and row.next_action_at is None
        folded = row.usage_at is None
        delivered = row.callback is None or row.callback.next_at is None
        wholly_relayed = self._tables.relayed[row.id] == row.version
        return settled and wholly_relayed and delivered and folded and (row.ended_at or 0) < time


_NEVER = 2**63


def _due(row: Execution, now: Time) -> bool:
    return row.next_action_at is not None and row.next_action_at <= now


def _matches(row: Execution, filter: ExecutionFilter) -> bool:
    return (
        filter.owner in (None, row.owner)
        and (filter.ids is None or row.id in filter.ids)
        and filter.state in (None, row.state)
        and filter.outcome in (None, row.outcome)
        and filter.language in (None, row.language)
        and filter.priority in (None, row.priority)
        and filter.batch in (None, row.batch_id)
        and (filter.states is None or row.state in filter.states)
        and not (filter.unretried and row.retried_as)
        and (filter.first_id is None or row.id >= filter.first_id)
        and (filter.end_id is None or row.id < filter.end_id)
        and (filter.labels or {}).items() <= row.labels.items()
    )
