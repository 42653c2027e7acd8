"""Batches, in SQLite: each is JSON, with extra columns for queries."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from app.domain.batch import Batch
from app.domain.execution import Time
from app.domain.submission import Submission
from app.infrastructure import codec
from app.infrastructure.programs import Programs
from app.infrastructure.sqlite.database import Database

PUT: Final = """
    INSERT INTO batches (id, created_at, next_action_at, batch)
    VALUES (:id, :created_at, :next_action_at, :batch) ON CONFLICT DO NOTHING
"""
PUT_PROGRAM: Final = "INSERT INTO programs VALUES (?, ?) ON CONFLICT DO NOTHING"
GET: Final = "SELECT batch, next_action_at FROM batches WHERE id = ?"
DUE: Final = """
    SELECT batch, next_action_at FROM batches WHERE next_action_at <= ?
    ORDER BY next_action_at LIMIT ?
"""
MARK_COMPLETE: Final = "UPDATE batches SET next_action_at = NULL WHERE id = ?"
REMOVE: Final = """
    DELETE FROM batches WHERE id IN (
        SELECT id FROM batches WHERE next_action_at IS NULL AND created_at < ?
        ORDER BY created_at LIMIT ?
    ) AND NOT EXISTS (SELECT 1 FROM executions WHERE batch_id = batches.id)
"""


class SqliteBatches:
    def __init__(self, database: Database, programs: Programs) -> None:
        self._database = database
        self._programs = programs

    def put(self, batch: Batch, submissions: Mapping[str, Submission]) -> bool:
        programs = [(id, self._programs.to_row(id, each)) for id, each in submissions.items()]
        # The durable insert of the executions, which follows, makes this write durable too.
        with self._database.writing(durable=not submissions) as connection:
            if connection.execute(PUT, _from_batch(batch)).rowcount == 0:
                return False
            connection.executemany(PUT_PROGRAM, programs)
        return True

    def get(self, batch_id: str) -> Batch | None:
        with self._database.reading() as connection:
            row = connection.execute(GET, (batch_id,)).fetchone()
        return _to_batch(row) if row else None

    def due(self, now: Time, limit: int) -> list[Batch]:
        with self._database.reading() as connection:
            rows = connection.execute(DUE, (now, limit)).fetchall()
        return [_to_batch(row) for row in rows]

    def mark_complete(self, batch_id: str) -> None:
        with self._database.writing(durable=False) as connection:
            connection.execute(MARK_COMPLETE, (batch_id,))

    def remove_created_before(self, time: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE, (time, limit)).rowcount


def _from_batch(batch: Batch) -> dict[str, object]:
    return {
        "id": batch.id,
        "created_at": batch.created_at,
        "next_action_at": batch.next_action_at,
        "batch": codec.BATCH.dump_json(batch).decode(),
    }


def _to_batch(row: sqlite3.Row) -> Batch:
    batch = codec.BATCH.validate_json(row["batch"])
    return batch.complete() if row["next_action_at"] is None else batch
