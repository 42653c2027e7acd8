"""Results, and the events that are not in the log yet, in SQLite."""

from itertools import groupby
from typing import Final

from app.domain.execution import Event, Time, owner_of_pod
from app.domain.records import Result
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.rows import to_event

UNRELAYED: Final = """
    SELECT events.*
    FROM (
        SELECT id, relayed, relay_at FROM executions WHERE relay_at IS NOT NULL
        ORDER BY relay_at LIMIT ?
    ) AS waiting
    CROSS JOIN events ON execution_id = waiting.id AND version > waiting.relayed
    ORDER BY waiting.relay_at, execution_id, version
"""
OUTBOX: Final = """
    SELECT count(*) AS total, min(relay_at) AS since
    FROM (
        SELECT relay_at FROM executions WHERE relay_at IS NOT NULL
        ORDER BY relay_at LIMIT ?
    ) AS waiting
"""
RELAYED: Final = """
    UPDATE executions
    SET relayed = :version,
        relay_at = (SELECT time FROM events WHERE execution_id = :id AND version = :version + 1)
    WHERE id = :id AND relayed < :version
"""
INSERT_RESULT: Final = """
    INSERT INTO results
    SELECT :id, :execution_id, :result
    WHERE EXISTS (
        SELECT 1 FROM executions
        WHERE id = :execution_id AND state = 'finished' AND attempt = :attempt
    )
    ON CONFLICT DO NOTHING
"""
GET_RESULT: Final = "SELECT result FROM results WHERE id = ?"


class Results:
    """The part of the store that is about results."""

    _database: Database

    def insert_result(self, result: Result) -> None:
        _, attempt = owner_of_pod(result.id)
        row = {
            "id": result.id,
            "execution_id": result.execution_id,
            "attempt": attempt,
            "result": codec.RESULT.encode(result),
        }
        # The transition that names the result is durable, and makes this so too.
        with self._database.writing(durable=False) as connection:
            connection.execute(INSERT_RESULT, row)

    def result(self, result_id: str) -> Result | None:
        with self._database.reading() as connection:
            row = connection.execute(GET_RESULT, (result_id,)).fetchone()
        return codec.RESULT.decode(row["result"]) if row else None


class Outbox:
    """The part of the store that the relay empties into the event log.

    A mark that is lost with the power only means that events are delivered again.
    """

    _database: Database

    def unrelayed(self, limit: int) -> list[tuple[str, list[Event]]]:
        with self._database.reading() as connection:
            rows = connection.execute(UNRELAYED, (limit,)).fetchall()
        events = map(to_event, rows)
        return [(id, list(group)) for id, group in groupby(events, lambda e: e.execution_id)]

    def outbox(self, limit: int) -> tuple[int, Time | None]:
        with self._database.reading() as connection:
            row = connection.execute(OUTBOX, (limit,)).fetchone()
        return row["total"], row["since"]

    def relayed(self, execution_id: str, version: int) -> None:
        with self._database.writing(durable=False) as connection:
            connection.execute(RELAYED, {"id": execution_id, "version": version})
