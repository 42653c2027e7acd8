"""Dead letters, API keys, idempotency records and languages, in SQLite."""

from collections.abc import Sequence
from typing import Final

from app.domain.execution import Time
from app.domain.records import (
    ApiKey,
    DeadLetter,
    DeadLetterKind,
    DeadLetterStatus,
    IdempotencyRecord,
    Language,
)
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.listing import LAST
from app.infrastructure.sqlite.schema import LETTER_IS_DUE


def insert_into(table: str, columns: tuple[str, ...]) -> str:
    values = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"


LETTER: Final = DeadLetter.__slots__
PUT_LETTER: Final = insert_into("dead_letters", LETTER) + " ON CONFLICT DO NOTHING"
UPDATE_LETTER: Final = (
    f"UPDATE dead_letters SET {', '.join(f'{name} = :{name}' for name in LETTER)}"
    f" WHERE {' AND '.join(f'{name} IS :before_{name}' for name in LETTER)}"
)
GET_LETTER: Final = "SELECT * FROM dead_letters WHERE id = ?"
LIST_LETTERS: Final = "SELECT * FROM dead_letters WHERE {} ORDER BY id DESC LIMIT ?"
LETTERS_DUE: Final = f"""
    SELECT * FROM dead_letters WHERE {LETTER_IS_DUE} AND next_retry_at <= ?
    ORDER BY next_retry_at LIMIT ?
"""
COUNT_LETTERS: Final = "SELECT status, total FROM dead_letters_by_status WHERE total > 0"

PUT_KEY: Final = insert_into("api_keys", ApiKey.__slots__).replace("INSERT", "REPLACE", 1)
KEY_BY_HASH: Final = "SELECT * FROM api_keys WHERE secret_hash = ?"
LIST_KEYS: Final = "SELECT * FROM api_keys ORDER BY id"
DELETE_KEY: Final = "DELETE FROM api_keys WHERE id = ?"

FIX: Final = (
    insert_into("idempotency", IdempotencyRecord.__slots__)
    + """
    ON CONFLICT DO UPDATE SET
        body_hash = excluded.body_hash,
        execution_id = excluded.execution_id,
        expires_at = excluded.expires_at
    WHERE expires_at <= :now
    """
)
GET_FIXED: Final = "SELECT * FROM idempotency WHERE key_hash = ?"
REMOVE_EXPIRED: Final = """
    DELETE FROM idempotency WHERE key_hash IN (
        SELECT key_hash FROM idempotency WHERE expires_at <= ? LIMIT ?
    )
"""

PUT_LANGUAGES: Final = "REPLACE INTO offered VALUES (0, ?)"
GET_LANGUAGES: Final = "SELECT languages FROM offered WHERE id = 0"


class DeadLetters:
    """The part of the store that is about dead letters."""

    _database: Database

    def put_dead_letter(self, letter: DeadLetter) -> bool:
        row = codec.DEAD_LETTER.dump_python(letter, mode="json")
        with self._database.writing() as connection:
            return connection.execute(PUT_LETTER, row).rowcount == 1

    def update_dead_letter(self, before: DeadLetter, after: DeadLetter) -> bool:
        expected = codec.DEAD_LETTER.dump_python(before, mode="json")
        row = codec.DEAD_LETTER.dump_python(after, mode="json")
        row |= {f"before_{name}": value for name, value in expected.items()}
        with self._database.writing() as connection:
            return connection.execute(UPDATE_LETTER, row).rowcount == 1

    def dead_letter(self, letter_id: str) -> DeadLetter | None:
        with self._database.reading() as connection:
            row = connection.execute(GET_LETTER, (letter_id,)).fetchone()
        return codec.DEAD_LETTER.validate_python(dict(row)) if row else None

    def list_dead_letters(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        facets = {"status = ?": status, "kind = ?": kind, "id < ?": before or LAST}
        given = {condition: value for condition, value in facets.items() if value is not None}
        with self._database.reading() as connection:
            rows = connection.execute(
                LIST_LETTERS.format(" AND ".join(given)), (*given.values(), limit)
            ).fetchall()
        return [codec.DEAD_LETTER.validate_python(dict(row)) for row in rows]

    def due_dead_letters(self, now: Time, limit: int) -> list[DeadLetter]:
        with self._database.reading() as connection:
            rows = connection.execute(LETTERS_DUE, (now, limit)).fetchall()
        return [codec.DEAD_LETTER.validate_python(dict(row)) for row in rows]

    def count_dead_letters(self) -> dict[DeadLetterStatus, int]:
        with self._database.reading() as connection:
            rows = connection.execute(COUNT_LETTERS).fetchall()
        return {DeadLetterStatus(status): total for status, total in rows}


class Keys:
    """The part of the store that is about API keys."""

    _database: Database

    def put_key(self, key: ApiKey) -> None:
        row = codec.API_KEY.dump_python(key, mode="json")
        with self._database.writing() as connection:
            connection.execute(PUT_KEY, row)

    def key_by_hash(self, secret_hash: str) -> ApiKey | None:
        with self._database.reading() as connection:
            row = connection.execute(KEY_BY_HASH, (secret_hash,)).fetchone()
        return codec.API_KEY.validate_python(dict(row)) if row else None

    def list_keys(self) -> list[ApiKey]:
        with self._database.reading() as connection:
            rows = connection.execute(LIST_KEYS).fetchall()
        return [codec.API_KEY.validate_python(dict(row)) for row in rows]

    def delete_key(self, key_id: str) -> bool:
        with self._database.writing() as connection:
            return connection.execute(DELETE_KEY, (key_id,)).rowcount == 1


class Idempotency:
    """The part of the store that is about idempotency records."""

    _database: Database

    def fix_idempotency(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        # The insert that follows is durable, and makes this so too.
        row = codec.IDEMPOTENCY_RECORD.dump_python(record, mode="json") | {"now": now}
        with self._database.writing(durable=False) as connection:
            connection.execute(FIX, row)
            fixed = connection.execute(GET_FIXED, (record.key_hash,)).fetchone()
        return codec.IDEMPOTENCY_RECORD.validate_python(dict(fixed))

    def remove_expired_idempotency(self, now: Time, limit: int) -> int:
        with self._database.writing(durable=False) as connection:
            return connection.execute(REMOVE_EXPIRED, (now, limit)).rowcount


class Offered:
    """The part of the store that is about what the runtime offers."""

    _database: Database

    def put_languages(self, languages: Sequence[Language]) -> None:
        offered = codec.LANGUAGES.dump_json(list(languages)).decode()
        with self._database.writing() as connection:
            connection.execute(PUT_LANGUAGES, (offered,))

    def languages(self) -> list[Language]:
        with self._database.reading() as connection:
            row = connection.execute(GET_LANGUAGES).fetchone()
        return codec.LANGUAGES.validate_json(row["languages"]) if row else []
