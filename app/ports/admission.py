"""The port of the admission queue."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.execution import Time
from app.domain.hosts import Group
from app.domain.submission import Priority


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """What the admission queue knows about an execution."""

    execution_id: str
    owner: str
    priority: Priority
    entered_at: Time
    """When the execution was created. Each band is first come, first served."""
    languages: str
    """What its host has to offer, as `needed` names it."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many slots there are in total and per owner."""

    total: int
    per_owner: int
    groups: Sequence[Group] = ()
    """Where programs run on hosts: their slots, which sum up to `total`. An entry gets a slot of
    the first of those that are `able` to run it and have one free. Otherwise, slots are all alike.
    """


class AdmissionQueue(Protocol):
    """The queue and the slots. After a loss of its data, `ready` is False until it is rebuilt.

    Owners take turns. An entry has waited since it was created, or since its owner last took or
    released a slot in its band, whichever is later. Its effective band is its band minus one for
    each `ageing_seconds` that it has waited. The next slot goes to the lowest effective band;
    within it, to the owner with the fewest slots; then to the entry that has waited longest. Only
    entries for whose languages a slot is free are compared.

    Raises CoordinationUnavailable. The cost of an operation depends neither on the length of the
    queue nor on the number of owners.
    """

    def enter(self, entries: Sequence[QueueEntry]) -> None:
        """Queue the entries. Those that are queued or hold a slot stay unchanged."""

    def take(
        self,
        caps: Caps,
        now: Time,
        limit: int,
        *,
        entering: QueueEntry | None = None,
        leaving: str | None = None,
    ) -> list[str]:
        """Give slots to up to `limit` of the next entries that the caps allow.

        `enter` and `leave` can come before that in the same operation. Returns nothing while the
        queue is not `ready`.
        """

    def leave(self, execution_id: str, now: Time) -> None:
        """Remove the execution from the queue, or release its slot. Idempotent."""

    def hold(self, entry: QueueEntry, now: Time, group: str | None = None) -> None:
        """Record a slot for an execution that has one according to the database, after a loss.

        A slot that is recorded already is of that group then.
        """

    def group(self, execution_id: str) -> str | None:
        """Return the group of the execution's slot. None if it has none, or that is not known."""

    def strays(self, groups: Iterable[str], limit: int) -> list[str]:
        """List executions whose slots are of none of these groups, oldest first.

        Such a slot counts in each group.
        """

    def queue_position(self, execution_id: str) -> int | None:
        """An estimate: 1 for the next; None if it is not queued."""

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        """Say for each execution whether it is queued or holds a slot."""

    def queued_by_owner(self, lines: int) -> Counter[str]:
        """Count the entries of owners, in up to so many lines.

        An owner has a line for each band and what its entries need: one language, or two.
        """

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        """List executions whose slots were taken before that time, oldest first."""

    def slots_used(self) -> int: ...

    def length(self) -> int: ...

    def check_version(self) -> None:
        """Raises CoordinationIsNewer if a newer release wrote the data. So does `ready`."""

    def upgrade(self) -> None:
        """Run the migrations that the data lacks.

        From then on, coordinators of an older release admit nothing. Raises CoordinationIsNewer.
        """

    def ready(self) -> bool:
        """Return False after a loss of data, until `mark_ready`.

        Data of an older release is in other places, so it counts as lost.
        """

    def mark_ready(self) -> None: ...

    def clear(self) -> None:
        """Delete everything including the ready mark, before a rebuild."""
