"""The store in one SQLite file: the default source of truth."""

from pathlib import Path

from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.programs import Programs
from app.infrastructure.sqlite.audit import SqliteAuditLog
from app.infrastructure.sqlite.batches import SqliteBatches
from app.infrastructure.sqlite.counts import SqliteCounts
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.dead_letters import SqliteDeadLetters
from app.infrastructure.sqlite.deliveries import SqliteDeliveries
from app.infrastructure.sqlite.events_to_relay import SqliteEventsToRelay
from app.infrastructure.sqlite.executions import SqliteExecutions
from app.infrastructure.sqlite.idempotency import SqliteIdempotencyRecords
from app.infrastructure.sqlite.keys import SqliteKeys
from app.infrastructure.sqlite.languages import SqliteOfferedLanguages
from app.infrastructure.sqlite.replays import SqliteReplays
from app.infrastructure.sqlite.results import SqliteResults
from app.infrastructure.sqlite.schema import VERSIONS
from app.infrastructure.sqlite.usage import SqliteUsageRecords


class SqliteStore:
    """Creates the file on first use. Reported writes survive a power loss."""

    def __init__(self, path: Path, *, timeout: float, blobs: Path | None = None) -> None:
        """`blobs` is the folder of large programs and results; by default, beside the file."""
        self.blobs = FolderBlobs(blobs or path.with_name("blobs"))
        self._path = path
        programs = Programs(self.blobs)
        self._database = Database(path, timeout=timeout, versions=VERSIONS)
        self.executions = SqliteExecutions(self._database, programs)
        self.batches = SqliteBatches(self._database, programs)
        self.counts = SqliteCounts(self._database)
        self.deliveries = SqliteDeliveries(self._database)
        self.usage = SqliteUsageRecords(self._database)
        self.results = SqliteResults(self._database)
        self.events_to_relay = SqliteEventsToRelay(self._database)
        self.dead_letters = SqliteDeadLetters(self._database)
        self.keys = SqliteKeys(self._database)
        self.idempotency = SqliteIdempotencyRecords(self._database)
        self.replays = SqliteReplays(self._database)
        self.audit = SqliteAuditLog(self._database)
        self.languages = SqliteOfferedLanguages(self._database)

    def upgrade(self) -> None:
        self._database.upgrade()

    def identity(self) -> str:
        """Its path, because only processes on this machine can use it."""
        return str(self._path.absolute())

    def ping(self) -> None:
        with self._database.writing() as connection:
            VERSIONS.write(connection)

    def shrink(self) -> bool:
        return self._database.shrink()

    def close(self) -> None:
        self._database.close()
