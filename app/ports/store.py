"""The port of the database: one protocol per subject, and the store that combines them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.api_key import ApiKey
from app.domain.audit import AuditRecord
from app.domain.batch import Batch
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import Time
from app.domain.idempotency import IdempotencyRecord
from app.domain.language import Language
from app.domain.replay import Replay
from app.domain.submission import Submission
from app.ports.executions import (
    Counts,
    Deliveries,
    EventsToRelay,
    Executions,
    Results,
    UsageRecords,
)


class DeadLetters(Protocol):
    """Dead letters."""

    def put(self, letter: DeadLetter) -> bool:
        """Insert a letter. Returns False if its id exists."""

    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        """Replace `before` with `after`, as a compare-and-set on the whole letter."""

    def get(self, letter_id: str) -> DeadLetter | None: ...

    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        """Return letters, newest first (by id), with an id below `before`."""

    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        """Return waiting or retrying letters that are due, longest due first."""

    def count(self) -> dict[DeadLetterStatus, int]: ...

    def matching(
        self, status: DeadLetterStatus | None, kind: DeadLetterKind | None, at_most: int
    ) -> int:
        """Count what `page` would return, up to `at_most`."""

    def remove_failed_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` letters that nothing retries and that failed last before `time`.

        Those are resolved, discarded or archived. Returns how many were removed.
        """


class Keys(Protocol):
    """API keys."""

    def add(self, key: ApiKey) -> bool:
        """Insert a key. Returns False, and changes nothing, if one with its secret exists."""

    def update(self, before: ApiKey, after: ApiKey) -> bool:
        """Replace `before` with `after`, as a compare-and-set on the whole key."""

    def get(self, key_id: str) -> ApiKey | None: ...

    def by_hash(self, secret_hash: str) -> ApiKey | None: ...

    def all(self) -> list[ApiKey]:
        """Return every key, ordered by id."""

    def delete(self, key_id: str) -> bool:
        """Delete a key. Returns False if there is none."""


class Batches(Protocol):
    """Batches."""

    def put(self, batch: Batch, submissions: Mapping[str, Submission]) -> bool:
        """Write a batch and the programs of its executions. Returns False if its id exists.

        Once the batch is there, so are the programs.
        """

    def get(self, batch_id: str) -> Batch | None: ...

    def due(self, now: Time, limit: int) -> list[Batch]:
        """Return incomplete batches that are due, longest due first."""

    def mark_complete(self, batch_id: str) -> None:
        """Record that all executions of the batch are inserted: it is never due again."""

    def remove_created_before(self, time: Time, limit: int) -> int:
        """Remove complete batches that are older and of which no execution is left.

        Looks at the oldest `limit`. Returns how many were removed.
        """


class IdempotencyRecords(Protocol):
    """Which execution or batch each Idempotency-Key stands for, and which execution each retry."""

    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        """Insert the record, or return the unexpired one that is already there."""

    def remove_expired(self, now: Time, limit: int) -> int:
        """Remove up to `limit` expired records. Returns how many were removed."""


class Replays(Protocol):
    """Replays."""

    def put(self, replay: Replay) -> None:
        """Insert a new replay."""

    def update(self, before: Replay, after: Replay) -> bool:
        """Compare-and-set: write `after` if the replay's version is still `before`'s."""

    def get(self, replay_id: str) -> Replay | None: ...

    def page(self, before: str | None, limit: int) -> list[Replay]:
        """Return replays, newest first (by id), with an id below `before`."""

    def due(self, now: Time, limit: int) -> list[Replay]:
        """Return replays that are due, longest due first."""

    def remove_ended_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` replays that ended before `time`, oldest first.

        Returns how many were removed.
        """


class AuditLog(Protocol):
    """What operators and admins did."""

    def put(self, record: AuditRecord) -> None:
        """Insert a record, or replace the one with its id. It survives a power loss."""

    def page(self, before: str | None, limit: int) -> list[AuditRecord]:
        """Return records, newest first (by id), with an id below `before`."""

    def due(self, now: Time, limit: int) -> list[AuditRecord]:
        """Return records that are due for the event log, longest due first."""

    def mark_relayed(self, record: AuditRecord) -> None:
        """Record that this one is in the event log, unless it was replaced meanwhile."""

    def remove_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` records from before `time` that are in the event log.

        Oldest first. Returns how many were removed.
        """


class OfferedLanguages(Protocol):
    """The languages that the runtime offered last."""

    def put(self, languages: Sequence[Language]) -> None:
        """Replace the list."""

    def get(self) -> list[Language]:
        """Return the list, which is empty at first."""


class Store(Protocol):
    """The database: the source of truth.

    Every method of every subject raises StoreUnavailable within 1.3 s if the database is down or
    locked. Every query has an index, so finished executions don't slow it down.
    """

    @property
    def executions(self) -> Executions: ...

    @property
    def batches(self) -> Batches: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def usage(self) -> UsageRecords: ...

    @property
    def results(self) -> Results: ...

    @property
    def events_to_relay(self) -> EventsToRelay: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def idempotency(self) -> IdempotencyRecords: ...

    @property
    def replays(self) -> Replays: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def languages(self) -> OfferedLanguages: ...

    def upgrade(self) -> None:
        """Run the migrations that the stored data lacks.

        Raises StoreIsNewer if a newer release wrote the data. Every other method does the same
        when it connects.
        """

    def identity(self) -> str:
        """Return what tells this database from all others, whatever URL leads to it."""

    def ping(self) -> None:
        """Return if the database answers reads and accepts writes."""

    def shrink(self) -> bool:
        """Return some unused space to the file system, in a step that no writer notices.

        Returns whether there is more. A database that does so by itself has nothing to do.
        """
