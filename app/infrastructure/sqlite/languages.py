"""The languages that the runtime offered last, in SQLite."""

from collections.abc import Sequence
from typing import Final

from app.domain.language import Language
from app.infrastructure import codec
from app.infrastructure.sqlite.database import Database

PUT: Final = "REPLACE INTO offered VALUES (0, ?)"
GET: Final = "SELECT languages FROM offered WHERE id = 0"


class SqliteOfferedLanguages:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, languages: Sequence[Language]) -> None:
        offered = codec.LANGUAGES.dump_json(list(languages)).decode()
        with self._database.writing() as connection:
            connection.execute(PUT, (offered,))

    def get(self) -> list[Language]:
        with self._database.reading() as connection:
            row = connection.execute(GET).fetchone()
        return codec.LANGUAGES.validate_json(row["languages"]) if row else []
