"""API keys, in SQLite."""

from functools import lru_cache
from typing import Final

from app.domain.api_key import ApiKey
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.statements import insert_into

ADD: Final = insert_into("api_keys", ApiKey.__slots__) + " ON CONFLICT DO NOTHING"
REPLACE: Final = insert_into("api_keys", ApiKey.__slots__).replace("INSERT", "REPLACE", 1)
_COLUMNS: Final = ", ".join(ApiKey.__slots__)
GET: Final = f"SELECT {_COLUMNS} FROM api_keys WHERE id = ?"
BY_HASH: Final = f"SELECT {_COLUMNS} FROM api_keys WHERE secret_hash = ?"
ALL: Final = f"SELECT {_COLUMNS} FROM api_keys ORDER BY id"
DELETE: Final = "DELETE FROM api_keys WHERE id = ?"


_REMEMBERED: Final = 1_000


class SqliteKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> bool:
        row = codec.API_KEY.dump_python(key, mode="json")
        with self._database.writing() as connection:
            return connection.execute(ADD, row).rowcount == 1

    def update(self, before: ApiKey, after: ApiKey) -> bool:
        row = codec.API_KEY.dump_python(after, mode="json")
        with self._database.writing() as connection:
            found = connection.execute(GET, (before.id,)).fetchone()
            if found is None or _to_key(tuple(found)) != before:
                return False
            connection.execute(REPLACE, row)
            return True

    def get(self, key_id: str) -> ApiKey | None:
        return self._first(GET, key_id)

    def by_hash(self, secret_hash: str) -> ApiKey | None:
        return self._first(BY_HASH, secret_hash)

    def _first(self, query: str, value: str) -> ApiKey | None:
        with self._database.reading() as connection:
            row = connection.execute(query, (value,)).fetchone()
        return _to_key(tuple(row)) if row else None

    def all(self) -> list[ApiKey]:
        with self._database.reading() as connection:
            rows = connection.execute(ALL).fetchall()
        return [_to_key(tuple(row)) for row in rows]

    def delete(self, key_id: str) -> bool:
        with self._database.writing() as connection:
            return connection.execute(DELETE, (key_id,)).rowcount == 1


@lru_cache(_REMEMBERED)
def _to_key(row: tuple[object, ...]) -> ApiKey:
    """Each request reads the row of its key, which seldom changes."""
    return codec.API_KEY.validate_python(dict(zip(ApiKey.__slots__, row, strict=True)))
