"""Results, in SQLite."""

from typing import Final

from app.domain.execution import owner_of_pod
from app.domain.result import Result
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database

INSERT: Final = """
    INSERT INTO results
    SELECT :id, :execution_id, :result
    WHERE EXISTS (
        SELECT 1 FROM executions
        WHERE id = :execution_id AND state = 'finished' AND attempt = :attempt
    )
    ON CONFLICT DO NOTHING
"""
GET: Final = "SELECT result FROM results WHERE id = ?"


class SqliteResults:
    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, result: Result) -> None:
        _, attempt = owner_of_pod(result.id)
        row = {
            "id": result.id,
            "execution_id": result.execution_id,
            "attempt": attempt,
            "result": codec.RESULT.encode(result),
        }
        # The durable transition that names the result makes the result durable too.
        with self._database.writing(durable=False) as connection:
            connection.execute(INSERT, row)

    def get(self, result_id: str) -> Result | None:
        with self._database.reading() as connection:
            row = connection.execute(GET, (result_id,)).fetchone()
        return codec.RESULT.decode(row["result"]) if row else None
