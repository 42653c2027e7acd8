"""The port of the database: one protocol for each subject, and the store that has them all."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.execution import Time
from app.domain.records import (
    ApiKey,
    DeadLetter,
    DeadLetterKind,
    DeadLetterStatus,
    IdempotencyRecord,
    Language,
)
from app.domain.replay import Replay
from app.ports.executions import Counts, EventsToRelay, Executions, Results


class DeadLetters(Protocol):
    """What failed, and must not be lost."""

    def put(self, letter: DeadLetter) -> bool:
        """Insert it. False if one of that id exists."""

    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        """Compare-and-set on the whole letter."""

    def get(self, letter_id: str) -> DeadLetter | None: ...

    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        """Letters by id, descending, with an id below `before`."""

    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        """Waiting or retrying letters whose `next_retry_at` has passed, longest due first."""

    def count(self) -> dict[DeadLetterStatus, int]: ...


class Keys(Protocol):
    """API keys."""

    def put(self, key: ApiKey) -> None:
        """Insert it, or replace the one of that id."""

    def by_hash(self, secret_hash: str) -> ApiKey | None: ...

    def all(self) -> list[ApiKey]:
        """Every key, by id."""

    def delete(self, key_id: str) -> bool:
        """False if there is no such key."""


class IdempotencyRecords(Protocol):
    """Which execution each Idempotency-Key stands for."""

    def fix(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        """Insert the record, or return the unexpired one that is already there."""

    def remove_expired(self, now: Time, limit: int) -> int:
        """Remove up to `limit`. Returns how many were removed."""


class Replays(Protocol):
    """Replay sessions."""

    def put(self, replay: Replay) -> None:
        """Insert a new session."""

    def update(self, before: Replay, after: Replay) -> bool:
        """Compare-and-set: write `after` if the session's version is still `before`'s."""

    def get(self, replay_id: str) -> Replay | None: ...

    def page(self, before: str | None, limit: int) -> list[Replay]:
        """Sessions, newest first (by id), with an id below `before`."""

    def due(self, now: Time, limit: int) -> list[Replay]:
        """Sessions whose `next_action_at` has passed, longest due first."""

    def remove_ended_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` sessions that ended before `time`, oldest first.

        Returns how many were removed.
        """


class OfferedLanguages(Protocol):
    """The languages that the runtime offered last."""

    def put(self, languages: Sequence[Language]) -> None:
        """Replace them."""

    def get(self) -> list[Language]:
        """Empty if none were ever put."""


class Store(Protocol):
    """The database: the source of truth.

    Every method of every subject raises StoreUnavailable within 1.5 s if the
    database is down or locked. Every query has an index, so finished executions cost it nothing.
    """

    @property
    def executions(self) -> Executions: ...

    @property
    def counts(self) -> Counts: ...

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
    def languages(self) -> OfferedLanguages: ...

    def upgrade(self) -> None:
        """Run the migration steps that the stored data lacks.

        Raises StoreIsNewer if a newer release wrote the data. Every other method does the same
        when it connects.
        """

    def ping(self) -> None:
        """Return if the database answers reads and accepts writes."""
