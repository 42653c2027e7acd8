"""The in-memory twin of the store: exact, gone with the process."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from app.domain.execution import (
    CHANGED_BY_TRANSITION,
    UNFINISHED,
    Change,
    Event,
    Execution,
    State,
    Time,
)
from app.domain.records import (
    ApiKey,
    DeadLetter,
    DeadLetterKind,
    DeadLetterStatus,
    ExecutionFilter,
    IdempotencyRecord,
    Language,
    Result,
)
from app.domain.replay import Replay
from app.domain.submission import Priority, Submission
from app.ports import QueueEntry

Record = TypeVar("Record", Execution, DeadLetter, Replay)


class MemoryStore:
    """Every method is atomic under one lock; rows are copied in and out."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[str, Execution] = {}
        self._submissions: dict[str, Submission] = {}
        self._events: dict[str, list[Event]] = {}
        self._relayed: dict[str, int] = {}
        self._results: dict[str, Result] = {}
        self._dead_letters: dict[str, DeadLetter] = {}
        self._keys: dict[str, ApiKey] = {}
        self._languages: list[Language] = []
        self._idempotency: dict[str, IdempotencyRecord] = {}
        self._replays: dict[str, Replay] = {}

    # executions

    def insert(self, execution: Execution, submission: Submission, event: Event) -> bool:
        with self._lock:
            if execution.id in self._rows:
                return False
            self._rows[execution.id] = deepcopy(execution)
            self._submissions[execution.id] = deepcopy(submission)
            self._events[execution.id] = [deepcopy(event)]
            self._relayed[execution.id] = 0
            return True

    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        with self._lock:
            row = self._rows.get(execution.id)
            if row is not None and (row.rebuilt_at is None or row.version >= execution.version):
                return False
            self._rows[execution.id] = deepcopy(execution)
            self._events.setdefault(execution.id, []).extend(deepcopy(list(events)))
            self._relayed[execution.id] = execution.version
            return True

    def get(self, execution_id: str) -> Execution | None:
        with self._lock:
            return deepcopy(self._rows.get(execution_id))

    def submission(self, execution_id: str) -> Submission | None:
        with self._lock:
            return deepcopy(self._submissions.get(execution_id))

    def apply(self, change: Change) -> bool:
        with self._lock:
            row = self._rows.get(change.before.id)
            if row is None or row.version != change.before.version:
                return False
            changed = {name: getattr(change.after, name) for name in CHANGED_BY_TRANSITION}
            self._rows[row.id] = replace(row, **deepcopy(changed))
            self._events[row.id].append(deepcopy(change.event))
            return True

    def begin(
        self, execution_id: str, states: frozenset[State], step: str, next_action_at: Time
    ) -> Execution | None:
        with self._lock:
            row = self._rows.get(execution_id)
            if row is None or row.state not in states or row.rebuilt_at is not None:
                return None
            tries = {**row.tries, step: row.tries.get(step, 0) + 1}
            begun = replace(row, tries=tries, next_action_at=next_action_at)
            self._rows[row.id] = begun
            return deepcopy(begun)

    def reschedule(self, execution: Execution, next_action_at: Time) -> bool:
        with self._lock:
            row = self._rows.get(execution.id)
            if row is None or row.version != execution.version:
                return False
            self._rows[row.id] = replace(row, tries={}, next_action_at=next_action_at)
            return True

    def settle(self, execution: Execution) -> None:
        with self._lock:
            row = self._rows.get(execution.id)
            if row is not None and row.state.terminal:
                for result_id in row.unnamed_results:
                    self._results.pop(result_id, None)
                self._rows[row.id] = replace(row, next_action_at=None)

    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        with self._lock:
            due = [row for row in self._rows.values() if row.state in states and _due(row, now)]
            claimed = [
                replace(row, next_action_at=push(deepcopy(row)))
                for row in sorted(due, key=lambda row: row.next_action_at or 0)[:limit]
            ]
            self._rows |= {row.id: row for row in claimed}
            return deepcopy(claimed)

    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        with self._lock:
            rows = [row for row in self._worked_on() if row.state in states and row.id > after]
            return [
                QueueEntry(row.id, row.owner, row.priority, row.created_at)
                for row in sorted(rows, key=lambda row: row.id)[:limit]
            ]

    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        with self._lock:
            rows = [self._rows[id] for id in execution_ids if id in self._rows]
            return {row.id: (row.state, row.attempt) for row in rows}

    def list_executions(
        self, filter: ExecutionFilter, before: str | None, limit: int
    ) -> list[Execution]:
        with self._lock:
            rows = [row for row in self._rows.values() if not row.erased and _matches(row, filter)]
            return deepcopy(_descending(rows, before, limit))

    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        with self._lock:
            return self._events_after(execution_id, after_version)

    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        with self._lock:
            row = self._rows.get(execution_id)
            if row is None or row.retried_as is not None:
                return False
            self._rows[row.id] = replace(row, retried_as=retried_as)
            return True

    def erase(self, execution_id: str) -> None:
        with self._lock:
            row = self._rows.get(execution_id)
            if row is None or not row.state.terminal:
                return
            self._rows[row.id] = replace(row, erased=True)
            self._forget_contents(row.id)

    def remove_completed_before(self, time: Time, limit: int) -> int:
        with self._lock:
            removable = [row.id for row in self._rows.values() if self._removable(row, time)]
            for execution_id in removable[:limit]:
                del self._rows[execution_id]
                del self._events[execution_id]
                del self._relayed[execution_id]
                self._forget_contents(execution_id)
            return len(removable[:limit])

    # counts

    def unfinished(self, owner: str) -> int:
        with self._lock:
            return sum(row.owner == owner and not row.state.terminal for row in self._worked_on())

    def counts(self) -> dict[tuple[State, Priority], int]:
        with self._lock:
            return dict(
                Counter(
                    (row.state, row.priority)
                    for row in self._worked_on()
                    if row.state in UNFINISHED
                )
            )

    def oldest_queued(self) -> dict[Priority, Time]:
        with self._lock:
            queued = [row for row in self._worked_on() if row.state is State.QUEUED]
            return {
                priority: min(row.created_at for row in queued if row.priority is priority)
                for priority in {row.priority for row in queued}
            }

    # results

    def insert_result(self, result: Result) -> None:
        with self._lock:
            row = self._rows.get(result.execution_id)
            if row is not None and row.state is State.FINISHED and row.pod == result.id:
                self._results.setdefault(result.id, result)

    def result(self, result_id: str) -> Result | None:
        with self._lock:
            return self._results.get(result_id)

    # events to be relayed

    def unrelayed(self, limit: int) -> list[tuple[str, list[Event]]]:
        with self._lock:
            waiting = [
                (row.id, self._events_after(row.id, self._relayed[row.id]))
                for row in self._rows.values()
                if self._relayed[row.id] < row.version
            ]
            return sorted(waiting, key=lambda item: item[1][0].time)[:limit]

    def outbox(self, limit: int) -> tuple[int, Time | None]:
        waiting = self.unrelayed(limit)
        return len(waiting), min((events[0].time for _, events in waiting), default=None)

    def relayed(self, execution_id: str, version: int) -> None:
        with self._lock:
            if execution_id in self._rows:
                self._relayed[execution_id] = max(self._relayed[execution_id], version)

    # dead letters

    def put_dead_letter(self, letter: DeadLetter) -> bool:
        with self._lock:
            return self._dead_letters.setdefault(letter.id, letter) is letter

    def update_dead_letter(self, before: DeadLetter, after: DeadLetter) -> bool:
        with self._lock:
            if self._dead_letters.get(before.id) != before:
                return False
            self._dead_letters[before.id] = after
            return True

    def dead_letter(self, letter_id: str) -> DeadLetter | None:
        with self._lock:
            return self._dead_letters.get(letter_id)

    def list_dead_letters(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        with self._lock:
            letters = [
                letter
                for letter in self._dead_letters.values()
                if status in (None, letter.status) and kind in (None, letter.kind)
            ]
            return _descending(letters, before, limit)

    def due_dead_letters(self, now: Time, limit: int) -> list[DeadLetter]:
        with self._lock:
            due = [
                (letter.next_retry_at, letter)
                for letter in self._dead_letters.values()
                if letter.status in (DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING)
                and letter.next_retry_at is not None
                and letter.next_retry_at <= now
            ]
            return [letter for _, letter in sorted(due, key=lambda item: item[0])[:limit]]

    def count_dead_letters(self) -> dict[DeadLetterStatus, int]:
        with self._lock:
            return dict(Counter(letter.status for letter in self._dead_letters.values()))

    # keys and idempotency

    def put_key(self, key: ApiKey) -> None:
        with self._lock:
            self._keys[key.id] = key

    def key_by_hash(self, secret_hash: str) -> ApiKey | None:
        with self._lock:
            keys = (key for key in self._keys.values() if key.secret_hash == secret_hash)
            return next(keys, None)

    def list_keys(self) -> list[ApiKey]:
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: key.id)

    def delete_key(self, key_id: str) -> bool:
        with self._lock:
            return self._keys.pop(key_id, None) is not None

    def fix_idempotency(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        with self._lock:
            held = self._idempotency.get(record.key_hash)
            if held is None or held.expires_at <= now:
                held = self._idempotency[record.key_hash] = record
            return held

    def remove_expired_idempotency(self, now: Time, limit: int) -> int:
        with self._lock:
            expired = [
                record.key_hash for record in self._idempotency.values() if record.expires_at <= now
            ][:limit]
            for key_hash in expired:
                del self._idempotency[key_hash]
            return len(expired)

    # replays

    def put_replay(self, replay: Replay) -> None:
        with self._lock:
            self._replays.setdefault(replay.id, replay)

    def update_replay(self, before: Replay, after: Replay) -> bool:
        with self._lock:
            known = self._replays.get(before.id)
            if known is None or known.version != before.version:
                return False
            self._replays[before.id] = after
            return True

    def replay(self, replay_id: str) -> Replay | None:
        with self._lock:
            return self._replays.get(replay_id)

    def list_replays(self, before: str | None, limit: int) -> list[Replay]:
        with self._lock:
            return _descending(self._replays.values(), before, limit)

    def due_replays(self, now: Time, limit: int) -> list[Replay]:
        with self._lock:
            due = [
                (replay.next_action_at, replay)
                for replay in self._replays.values()
                if replay.next_action_at is not None and replay.next_action_at <= now
            ]
            return [replay for _, replay in sorted(due, key=lambda item: item[0])[:limit]]

    def remove_replays_ended_before(self, time: Time, limit: int) -> int:
        with self._lock:
            old = sorted(
                (replay.ended_at, replay.id)
                for replay in self._replays.values()
                if replay.ended_at is not None and replay.ended_at < time
            )[:limit]
            for _, replay_id in old:
                del self._replays[replay_id]
            return len(old)

    def put_languages(self, languages: Sequence[Language]) -> None:
        with self._lock:
            self._languages = list(languages)

    def languages(self) -> list[Language]:
        with self._lock:
            return list(self._languages)

    def ping(self) -> None:
        return

    # called with the lock held

    def _worked_on(self) -> list[Execution]:
        return [row for row in self._rows.values() if row.rebuilt_at is None]

    def _events_after(self, execution_id: str, version: int) -> list[Event]:
        events = self._events.get(execution_id, [])
        return [deepcopy(event) for event in events if event.version > version]

    def _removable(self, row: Execution, time: Time) -> bool:
        settled = row.completed_at is not None and row.next_action_at is None
        wholly_relayed = self._relayed[row.id] == row.version
        return settled and wholly_relayed and (row.completed_at or 0) < time

    def _forget_contents(self, execution_id: str) -> None:
        self._submissions.pop(execution_id, None)
        self._results = {
            id: result
            for id, result in self._results.items()
            if result.execution_id != execution_id
        }


def _due(row: Execution, now: Time) -> bool:
    return row.next_action_at is not None and row.next_action_at <= now


def _matches(row: Execution, filter: ExecutionFilter) -> bool:
    return (
        filter.owner in (None, row.owner)
        and filter.state in (None, row.state)
        and filter.outcome in (None, row.outcome)
        and filter.language in (None, row.language)
        and (filter.labels or {}).items() <= row.labels.items()
    )


def _descending(records: Iterable[Record], before: str | None, limit: int) -> list[Record]:
    earlier = (record for record in records if before is None or record.id < before)
    return sorted(earlier, key=lambda record: record.id, reverse=True)[:limit]
