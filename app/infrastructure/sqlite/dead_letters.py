"""Dead letters, in SQLite."""

import sqlite3
from typing import Final

from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import Time
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.listing import LAST
from app.infrastructure.sqlite.schema import LETTER_IS_CLOSED, LETTER_IS_DUE
from app.infrastructure.sqlite.statements import insert_into

COLUMNS: Final = DeadLetter.__slots__
PUT: Final = insert_into("dead_letters", COLUMNS) + " ON CONFLICT DO NOTHING"
UPDATE: Final = (
    f"UPDATE dead_letters SET {', '.join(f'{name} = :{name}' for name in COLUMNS)}"
    f" WHERE {' AND '.join(f'{name} IS :before_{name}' for name in COLUMNS)}"
)
GET: Final = "SELECT * FROM dead_letters WHERE id = ?"
PAGE: Final = "SELECT * FROM dead_letters WHERE {} ORDER BY id DESC LIMIT ?"
DUE: Final = f"""
    SELECT * FROM dead_letters WHERE {LETTER_IS_DUE} AND next_retry_at <= ?
    ORDER BY next_retry_at LIMIT ?
"""
MATCHING: Final = """
    WITH waiting AS (SELECT 1 FROM dead_letters WHERE {} LIMIT ?) SELECT count(*) FROM waiting
"""
REMOVE: Final = f"""
    DELETE FROM dead_letters WHERE id IN (
        SELECT id FROM dead_letters WHERE {LETTER_IS_CLOSED} AND last_failed_at < ?
        ORDER BY last_failed_at LIMIT ?
    )
"""
COUNT: Final = "SELECT status, total FROM dead_letters_by_status WHERE total > 0"


class SqliteDeadLetters:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, letter: DeadLetter) -> bool:
        row = codec.DEAD_LETTER.dump_python(letter, mode="json")
        with self._database.writing() as connection:
            return connection.execute(PUT, row).rowcount == 1

    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        expected = codec.DEAD_LETTER.dump_python(before, mode="json")
        row = codec.DEAD_LETTER.dump_python(after, mode="json")
        row |= {f"before_{name}": value for name, value in expected.items()}
        with self._database.writing() as connection:
            return connection.execute(UPDATE, row).rowcount == 1

    def get(self, letter_id: str) -> DeadLetter | None:
        with self._database.reading() as connection:
            row = connection.execute(GET, (letter_id,)).fetchone()
        return codec.DEAD_LETTER.validate_python(dict(row)) if row else None

    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        rows = self._matching(PAGE, status, kind, before, limit)
        return [codec.DEAD_LETTER.validate_python(dict(row)) for row in rows]

    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        with self._database.reading() as connection:
            rows = connection.execute(DUE, (now, limit)).fetchall()
        return [codec.DEAD_LETTER.validate_python(dict(row)) for row in rows]

    def count(self) -> dict[DeadLetterStatus, int]:
        with self._database.reading() as connection:
            rows = connection.execute(COUNT).fetchall()
        return {DeadLetterStatus(status): total for status, total in rows}

    def matching(
        self, status: DeadLetterStatus | None, kind: DeadLetterKind | None, at_most: int
    ) -> int:
        ((total,),) = self._matching(MATCHING, status, kind, None, at_most)
        return int(total)

    def remove_failed_before(self, time: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE, (time, limit)).rowcount

    def _matching(
        self,
        query: str,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[sqlite3.Row]:
        facets = {"status = ?": status, "kind = ?": kind, "id < ?": before or LAST}
        given = {condition: value for condition, value in facets.items() if value is not None}
        with self._database.reading() as connection:
            return connection.execute(
                query.format(" AND ".join(given)), (*given.values(), limit)
            ).fetchall()
