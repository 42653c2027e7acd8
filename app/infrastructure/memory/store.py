"""An in-memory store with exactly the semantics of the others."""

from app.infrastructure.memory.audit import MemoryAuditLog
from app.infrastructure.memory.batches import MemoryBatches
from app.infrastructure.memory.counts import MemoryCounts
from app.infrastructure.memory.dead_letters import MemoryDeadLetters
from app.infrastructure.memory.deliveries import MemoryDeliveries
from app.infrastructure.memory.events_to_relay import MemoryEventsToRelay
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.idempotency import MemoryIdempotencyRecords
from app.infrastructure.memory.keys import MemoryKeys
from app.infrastructure.memory.languages import MemoryOfferedLanguages
from app.infrastructure.memory.replays import MemoryReplays
from app.infrastructure.memory.results import MemoryResults
from app.infrastructure.memory.tables import Tables
from app.infrastructure.memory.usage import MemoryUsageRecords


class MemoryStore:
    """A store in which every method is atomic. Rows are copied in and out."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.executions = MemoryExecutions(self.tables)
        self.batches = MemoryBatches(self.tables)
        self.counts = MemoryCounts(self.tables)
        self.deliveries = MemoryDeliveries(self.tables)
        self.usage = MemoryUsageRecords(self.tables)
        self.results = MemoryResults(self.tables)
        self.events_to_relay = MemoryEventsToRelay(self.tables)
        self.dead_letters = MemoryDeadLetters()
        self.keys = MemoryKeys()
        self.idempotency = MemoryIdempotencyRecords()
        self.replays = MemoryReplays()
        self.audit = MemoryAuditLog()
        self.languages = MemoryOfferedLanguages()

    def upgrade(self) -> None:
        return

    def identity(self) -> str:
        return f"{id(self)}"

    def ping(self) -> None:
        return

    def shrink(self) -> bool:
        return False
