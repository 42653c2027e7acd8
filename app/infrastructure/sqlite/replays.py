"""Replays, in SQLite: each is JSON, with extra columns for queries."""

import sqlite3
from typing import Final

from app.domain.execution import Time
from app.domain.replay import Replay
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.listing import LAST

PUT: Final = """
    INSERT INTO replays (id, version, next_action_at, ended_at, replay)
    VALUES (:id, :version, :next_action_at, :ended_at, :replay) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
    UPDATE replays
    SET version = :version, next_action_at = :next_action_at, ended_at = :ended_at,
        replay = :replay
    WHERE id = :id AND version = :version_before
"""
GET: Final = "SELECT replay FROM replays WHERE id = ?"
PAGE: Final = "SELECT replay FROM replays WHERE id < ? ORDER BY id DESC LIMIT ?"
DUE: Final = """
    SELECT replay FROM replays WHERE next_action_at <= ? ORDER BY next_action_at LIMIT ?
"""
REMOVE_ENDED: Final = """
    DELETE FROM replays WHERE id IN (
        SELECT id FROM replays WHERE ended_at < ? ORDER BY ended_at LIMIT ?
    )
"""


class SqliteReplays:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, replay: Replay) -> None:
        with self._database.writing() as connection:
            connection.execute(PUT, _from_replay(replay))

    def update(self, before: Replay, after: Replay) -> bool:
        row = _from_replay(after) | {"version_before": before.version}
        with self._database.writing() as connection:
            return connection.execute(UPDATE, row).rowcount == 1

    def get(self, replay_id: str) -> Replay | None:
        with self._database.reading() as connection:
            row = connection.execute(GET, (replay_id,)).fetchone()
        return _to_replay(row) if row else None

    def page(self, before: str | None, limit: int) -> list[Replay]:
        with self._database.reading() as connection:
            rows = connection.execute(PAGE, (before or LAST, limit)).fetchall()
        return [_to_replay(row) for row in rows]

    def due(self, now: Time, limit: int) -> list[Replay]:
        with self._database.reading() as connection:
            rows = connection.execute(DUE, (now, limit)).fetchall()
        return [_to_replay(row) for row in rows]

    def remove_ended_before(self, time: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE_ENDED, (time, limit)).rowcount


def _from_replay(replay: Replay) -> dict[str, object]:
    return {
        "id": replay.id,
        "version": replay.version,
        "next_action_at": replay.next_action_at,
        "ended_at": replay.ended_at,
        "replay": codec.REPLAY.dump_json(replay).decode(),
    }


def _to_replay(row: sqlite3.Row) -> Replay:
    return codec.REPLAY.validate_json(row["replay"])
