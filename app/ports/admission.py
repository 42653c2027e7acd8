"""The port of the admission queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.execution import Time
from app.domain.submission import Priority


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """What the admission queue knows of an execution."""

    execution_id: str
    owner: str
    priority: Priority
    entered_at: Time
    """When the execution was created: first come, first served in a band."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many slots there are in all, and for one owner."""

    total: int
    per_owner: int


class AdmissionQueue(Protocol):
    """Queue and slots. All of it can be lost; then `ready` is False until it was rebuilt.

    Owners take turns. An entry waits since it was created, or since its owner last took a slot or
    gave one back in its band, whichever is later. Its effective band is its band minus one for
    each `ageing_seconds` that it has waited. The next slot goes to the lowest effective band;
    within it, to the owner who holds the fewest slots; then to who has waited longest.

    Raises CoordinationUnavailable. Every operation costs the same however long the queue is and
    however many owners are in it.
    """

    def enter(self, entries: Sequence[QueueEntry]) -> None:
        """Queue them; one that is queued already, or holds a slot, stays as it is."""

    def take(self, caps: Caps, now: Time, limit: int) -> list[str]:
        """Take up to `limit` of the best entries that the caps allow; each holds a slot then.

        Nothing while the queue is not `ready`.
        """

    def leave(self, execution_id: str, now: Time) -> None:
        """Take it out of the queue and give its slot back, whichever it has. Idempotent."""

    def hold(self, entry: QueueEntry, now: Time) -> None:
        """Record a slot for an execution that has one by the database (after a loss)."""

    def position(self, execution_id: str) -> int | None:
        """An estimate: 1 for the next; None if it is not queued."""

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        """Which of them are queued or hold a slot."""

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        """Slots taken before that moment, oldest first."""

    def slots_used(self) -> int: ...

    def length(self) -> int: ...

    def upgrade(self) -> None:
        """Run the migration steps that the data lacks.

        Raises CoordinationIsNewer if a newer release wrote it. So does `ready`.
        """

    def ready(self) -> bool:
        """False after a loss, until `mark_ready`."""

    def mark_ready(self) -> None: ...

    def clear(self) -> None:
        """Forget all, the ready mark included: before a rebuild."""
