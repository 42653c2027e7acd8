"""The store in MongoDB, through mongoengine: the source of truth in production."""

from app.infrastructure.mongo.audit import MongoAuditLog
from app.infrastructure.mongo.batches import MongoBatches
from app.infrastructure.mongo.blobs import MongoBlobs
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.counts import MongoCounts
from app.infrastructure.mongo.dead_letters import MongoDeadLetters
from app.infrastructure.mongo.deliveries import MongoDeliveries
from app.infrastructure.mongo.documents import HeartbeatDocument, VersionDocument
from app.infrastructure.mongo.events_to_relay import MongoEventsToRelay
from app.infrastructure.mongo.executions import MongoExecutions
from app.infrastructure.mongo.idempotency import MongoIdempotencyRecords
from app.infrastructure.mongo.keys import MongoKeys
from app.infrastructure.mongo.languages import MongoOfferedLanguages
from app.infrastructure.mongo.replays import MongoReplays
from app.infrastructure.mongo.results import MongoResults
from app.infrastructure.mongo.usage import MongoUsageRecords
from app.infrastructure.mongo.versions import MongoVersions
from app.infrastructure.programs import Programs


class MongoStore:
    """Creates collections and indexes on first use. Acknowledged writes are in the journal."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self.connection = Connection(url, timeout=timeout)
        self.blobs = MongoBlobs(self.connection)
        programs = Programs(self.blobs)
        self.executions = MongoExecutions(self.connection, programs)
        self.batches = MongoBatches(self.connection, programs)
        self.counts = MongoCounts(self.connection)
        self.deliveries = MongoDeliveries(self.connection)
        self.usage = MongoUsageRecords(self.connection)
        self.results = MongoResults(self.connection)
        self.events_to_relay = MongoEventsToRelay(self.connection)
        self.dead_letters = MongoDeadLetters(self.connection)
        self.keys = MongoKeys(self.connection)
        self.idempotency = MongoIdempotencyRecords(self.connection)
        self.replays = MongoReplays(self.connection)
        self.audit = MongoAuditLog(self.connection)
        self.languages = MongoOfferedLanguages(self.connection)

    @at_the_edge
    def upgrade(self) -> None:
        self.connection.open()

    @at_the_edge
    def identity(self) -> str:
        """A random name that it gets once. Backups have it too."""
        return MongoVersions(self.connection.open()[VersionDocument]).identity()

    @at_the_edge
    def ping(self) -> None:
        beat = self.connection.objects(HeartbeatDocument, id="ping")
        beat.update_one(upsert=True, inc__beats=1)

    def shrink(self) -> bool:
        """Nothing to do: the server reuses the space, and `compact` returns it."""
        return False

    def close(self) -> None:
        self.connection.close()
