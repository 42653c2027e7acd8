"""The store on one SQLite file: the truth of the embedded default."""

from pathlib import Path

from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.executions import Executions
from app.infrastructure.sqlite.outbox import Outbox, Results
from app.infrastructure.sqlite.records import DeadLetters, Idempotency, Keys, Offered
from app.infrastructure.sqlite.replays import Replays
from app.infrastructure.sqlite.schema import VERSION, create


class SqliteStore(Executions, Results, Outbox, DeadLetters, Keys, Idempotency, Replays, Offered):
    """Makes the file when first used. What a caller was told outlives a loss of power."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._database = Database(path, timeout=timeout, create=create)

    def ping(self) -> None:
        with self._database.writing() as connection:
            # Writes the header page, with what is in it: the smallest write there is.
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        self._database.close()
