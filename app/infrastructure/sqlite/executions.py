"""Executions and their programs, in SQLite."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final

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
from app.domain.language import language_key, needed
from app.domain.submission import Priority, Submission
from app.infrastructure.programs import Programs
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.listing import listing
from app.infrastructure.sqlite.rows import (
    COLUMNS,
    from_event,
    from_execution,
    to_event,
    to_execution,
)
from app.infrastructure.sqlite.schema import IS_TERMINAL, REMOVABLE, sql_list
from app.ports import QueueEntry

ROW: Final = ", ".join(COLUMNS)

INSERT: Final = f"""
    INSERT INTO executions ({ROW}, relayed, relay_at)
    SELECT {", ".join(f":{name}" for name in COLUMNS)}, 0, :relay_at
    WHERE :quota IS NULL
        OR coalesce((SELECT total FROM unfinished_by_owner WHERE owner = :owner), 0) < :quota
    ON CONFLICT DO NOTHING
"""
INSERT_IF_PROGRAM: Final = f"""
    INSERT INTO executions ({ROW}, relayed, relay_at)
    SELECT {", ".join(f":{name}" for name in COLUMNS)}, 0, :relay_at
    FROM programs WHERE execution_id = :id
    ON CONFLICT DO NOTHING
"""
REBUILT: Final = f"""
    INSERT INTO executions ({ROW}, relayed)
    VALUES ({", ".join(f":{name}" for name in COLUMNS)}, :version)
    ON CONFLICT (id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in (*CHANGED_BY_TRANSITION, "rebuilt_at"))},
        relayed = excluded.relayed
    WHERE executions.rebuilt_at IS NOT NULL AND executions.version < excluded.version
"""
INSERT_EVENT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?)"
INSERT_PROGRAM: Final = "INSERT INTO programs VALUES (?, ?)"
INSERT_LABEL: Final = "INSERT INTO labels VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
GET: Final = f"SELECT {ROW} FROM executions WHERE id = ?"
GET_PROGRAM: Final = "SELECT submission FROM programs WHERE execution_id = ?"
APPLY: Final = f"""
    UPDATE executions
    SET {", ".join(f"{name} = :{name}" for name in CHANGED_BY_TRANSITION)},
        place = CASE WHEN attempt = :attempt THEN place END,
        relay_at = coalesce(relay_at, :event_time)
    WHERE id = :id AND version = :version_before
"""
BEGIN: Final = f"""
    UPDATE executions
    SET next_action_at = :next_action_at,
        place = coalesce(place, :new_place),
        tries = json_set(tries, :step, coalesce(json_extract(tries, :step), 0) + 1)
    WHERE id = :id AND state IN (SELECT value FROM json_each(:states)) AND rebuilt_at IS NULL
        AND (held_until IS NULL OR held_until <= :now)
        AND (:at IS NULL OR coalesce(place, :new_place) = :at)
    RETURNING {ROW}
"""
HOLD: Final = """
    UPDATE executions SET held_until = :until, next_action_at = :until
    WHERE id = :id AND version = :version
"""
PUT_PLACE: Final = """
    UPDATE executions SET place = :place WHERE id = :id AND version = :version AND place IS :before
"""
RESCHEDULE: Final = """
    UPDATE executions SET
        next_action_at = ?, message = coalesce(?, message), held_until = NULL, tries = '{}'
    WHERE id = ? AND version = ?
"""
SETTLE: Final = f"""
    UPDATE executions SET next_action_at = NULL WHERE id = ? AND state {IS_TERMINAL}
"""
DUE: Final = f"""
    SELECT {ROW} FROM executions WHERE state = ? AND next_action_at <= ?
    ORDER BY next_action_at LIMIT ?
"""
CLAIM: Final = """
    UPDATE executions SET next_action_at = ?
    WHERE id = ? AND version = ? AND next_action_at = ?
"""
IN_STATE: Final = """
    SELECT id, owner, priority, created_at, language, language_version,
        json_extract(spec, '$.checker_language') FROM executions
    WHERE state = ? AND id > ? AND rebuilt_at IS NULL ORDER BY id LIMIT ?
"""
PLACED: Final = f"""
    SELECT {ROW} FROM executions WHERE state IN {sql_list(HAS_POD)} AND place = ? LIMIT ?
"""
STATES_OF: Final = """
    SELECT id, state, attempt FROM executions WHERE id IN (SELECT value FROM json_each(?))
"""
NOT_ERASED: Final = """
    SELECT id FROM executions WHERE id IN (SELECT value FROM json_each(?)) AND NOT erased
"""
EVENTS: Final = """
    SELECT * FROM events WHERE execution_id = ? AND version > ? ORDER BY version
"""
MARK_RETRIED: Final = """
    UPDATE executions SET retried_as = ? WHERE id = ? AND retried_as IS NULL
"""
ERASE: Final = f"""
    UPDATE executions SET erased = 1, door_data = NULL WHERE id = ? AND state {IS_TERMINAL}
"""
REMOVAL_SECONDS: Final = 0.01
"""How long one write removes executions. Large ones take 2 ms each, and nobody else can write."""
REMOVE_RESULT: Final = "DELETE FROM results WHERE id = ?"
FORGET: Final = (
    "DELETE FROM programs WHERE execution_id = ?",
    "DELETE FROM results WHERE execution_id = ?",
    "DELETE FROM labels WHERE execution_id = ?",
)
TO_REMOVE: Final = f"SELECT id FROM executions WHERE {REMOVABLE} AND ended_at < ? LIMIT ?"
OLDEST_REMOVABLE: Final = f"SELECT min(ended_at) FROM executions WHERE {REMOVABLE}"
REMOVE: Final = (
    *FORGET,
    "DELETE FROM events WHERE execution_id = ?",
    "DELETE FROM executions WHERE id = ?",
)


class SqliteExecutions:
    """The start of an execution that is reported, and its end, are durable, with all before them.

    A power loss may undo the rest (tries, times, claims, steps between), which is then repeated.
    """

    def __init__(self, database: Database, programs: Programs) -> None:
        self._database = database
        self._programs = programs

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        row = from_execution(execution) | {"relay_at": event.time, "quota": quota}
        program = self._programs.to_row(execution.id, submission)
        with self._database.writing(durable=durable) as connection:
            if connection.execute(INSERT, row).rowcount == 0:
                return False
            connection.execute(INSERT_EVENT, from_event(event))
            connection.execute(INSERT_PROGRAM, (execution.id, program))
            connection.executemany(INSERT_LABEL, _labels(execution))
        return True

    def make_durable(self) -> None:
        self._database.sync()

    def insert_all(self, new: Sequence[tuple[Execution, Event]]) -> None:
        with self._database.writing() as connection:
            for execution, event in new:
                row = from_execution(execution) | {"relay_at": event.time}
                if connection.execute(INSERT_IF_PROGRAM, row).rowcount == 1:
                    connection.execute(INSERT_EVENT, from_event(event))
                    connection.executemany(INSERT_LABEL, _labels(execution))

    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        with self._database.writing() as connection:
            if connection.execute(REBUILT, from_execution(execution)).rowcount == 0:
                return False
            connection.executemany(INSERT_EVENT, map(from_event, events))
            connection.executemany(INSERT_LABEL, _labels(execution))
        return True

    def get(self, execution_id: str) -> Execution | None:
        with self._database.reading() as connection:
            row = connection.execute(GET, (execution_id,)).fetchone()
        return to_execution(row) if row else None

    def submission(self, execution_id: str) -> Submission | None:
        stored = self._program(execution_id)
        return None if stored is None else self._programs.from_row(execution_id, stored)

    def program_blob(self, execution_id: str) -> Blob | None:
        stored = self._program(execution_id)
        return None if stored is None else self._programs.blob_of(stored)

    def _program(self, execution_id: str) -> bytes | None:
        with self._database.reading() as connection:
            row = connection.execute(GET_PROGRAM, (execution_id,)).fetchone()
        return row["submission"] if row else None

    def apply(self, change: Change) -> bool:
        row = from_execution(change.after) | {
            "version_before": change.before.version,
            "event_time": change.event.time,
        }
        # A step that a power loss undid is repeated; a reported end must remain.
        durable = change.after.state.terminal
        with self._database.writing(durable=durable) as connection:
            if connection.execute(APPLY, row).rowcount == 0:
                return False
            connection.execute(INSERT_EVENT, from_event(change.event))
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
        values = {
            "id": execution_id,
            "states": json.dumps(list(states)),
            "step": f'$."{step}"',
            "now": now,
            "next_action_at": next_action_at,
            "at": at,
            "new_place": at if places else None,
        }
        with self._database.writing(durable=False) as connection:
            rows = connection.execute(BEGIN, values).fetchall()
        return to_execution(rows[0]) if rows else None

    def hold(self, execution: Execution, until: Time) -> bool:
        values = {"id": execution.id, "version": execution.version, "until": until}
        with self._database.writing(durable=False) as connection:
            return connection.execute(HOLD, values).rowcount == 1

    def put_place(self, execution: Execution, place: str | None) -> bool:
        values = {
            "id": execution.id,
            "version": execution.version,
            "before": execution.place,
            "place": place,
        }
        with self._database.writing(durable=False) as connection:
            return connection.execute(PUT_PLACE, values).rowcount == 1

    def reschedule(
        self, execution: Execution, next_action_at: Time, message: str | None = None
    ) -> bool:
        values = (next_action_at, message, execution.id, execution.version)
        with self._database.writing(durable=False) as connection:
            return connection.execute(RESCHEDULE, values).rowcount == 1

    def settle(self, execution: Execution) -> None:
        with self._database.writing(durable=False) as connection:
            if connection.execute(SETTLE, (execution.id,)).rowcount == 1:
                unnamed = [(result_id,) for result_id in execution.unnamed_results]
                connection.executemany(REMOVE_RESULT, unnamed)

    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        due = self._due(states, now, limit)
        if not due:
            return []
        claimed = []
        with self._database.writing(durable=False) as connection:
            for row in due:
                next_action_at = push(row)
                claim = (next_action_at, row.id, row.version, row.next_action_at)
                if connection.execute(CLAIM, claim).rowcount == 1:
                    claimed.append(replace(row, next_action_at=next_action_at))
        return claimed

    def _due(self, states: frozenset[State], now: Time, limit: int) -> list[Execution]:
        with self._database.reading() as connection:
            rows = [row for state in states for row in connection.execute(DUE, (state, now, limit))]
        rows.sort(key=lambda row: (row["next_action_at"], row["id"]))
        return [to_execution(row) for row in rows[:limit]]

    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        with self._database.reading() as connection:
            rows = [
                row
                for state in states
                for row in connection.execute(IN_STATE, (state, after, limit))
            ]
        rows.sort(key=lambda row: row["id"])
        return [
            QueueEntry(
                id,
                owner,
                Priority(priority),
                created_at,
                needed(language_key(language, version), checker),
            )
            for id, owner, priority, created_at, language, version, checker in rows[:limit]
        ]

    def placed(self, place: str, limit: int) -> list[Execution]:
        with self._database.reading() as connection:
            rows = connection.execute(PLACED, (place, limit)).fetchall()
        return [to_execution(row) for row in rows]

    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        with self._database.reading() as connection:
            rows = connection.execute(STATES_OF, (json.dumps(list(execution_ids)),)).fetchall()
        return {id: (State(state), attempt) for id, state, attempt in rows}

    def page(self, filter: ExecutionFilter, before: str | None, limit: int) -> list[Execution]:
        query, values = listing(filter, before, limit)
        with self._database.reading() as connection:
            rows = connection.execute(query, values).fetchall()
        return [to_execution(row) for row in rows]

    def count(self, filter: ExecutionFilter, at_most: int) -> int:
        query, values = listing(filter, None, at_most)
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT count(*) FROM ({query})", values).fetchone()
        return int(row[0])

    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        with self._database.reading() as connection:
            rows = connection.execute(EVENTS, (execution_id, after_version)).fetchall()
        return [to_event(row) for row in rows]

    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        with self._database.writing() as connection:
            marked = connection.execute(MARK_RETRIED, (retried_as, execution_id))
            return marked.rowcount == 1

    def erase(self, execution_id: str) -> None:
        with self._database.writing() as connection:
            if connection.execute(ERASE, (execution_id,)).rowcount == 1:
                _run_all(connection, FORGET, execution_id)

    def remove_ended_before(self, time: Time, limit: int) -> list[str]:
        removed: list[str] = []
        with self._database.writing(durable=False) as connection:
            until = monotonic() + REMOVAL_SECONDS
            for row in connection.execute(TO_REMOVE, (time, limit)).fetchall():
                _run_all(connection, REMOVE, row["id"])
                removed.append(row["id"])
                if monotonic() >= until:
                    break
        return removed

    def oldest_removable(self) -> Time | None:
        with self._database.reading() as connection:
            oldest: Time | None = connection.execute(OLDEST_REMOVABLE).fetchone()[0]
            return oldest

    def not_erased(self, execution_ids: Sequence[str]) -> set[str]:
        with self._database.reading() as connection:
            rows = connection.execute(NOT_ERASED, (json.dumps(list(execution_ids)),))
            return {row["id"] for row in rows}


def _labels(execution: Execution) -> list[tuple[str, str, str, str]]:
    return [(execution.id, key, value, execution.owner) for key, value in execution.labels.items()]


def _run_all(connection: sqlite3.Connection, statements: Sequence[str], id: str) -> None:
    for statement in statements:
        connection.execute(statement, (id,))
