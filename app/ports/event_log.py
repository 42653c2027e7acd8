"""The port of the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.execution import Event
from app.domain.records import EventFilter, EventPage


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the log does not take, however often it is asked: not as it is set up now."""

    event: Event
    reason: str


class EventLog(Protocol):
    """The append-only log of domain events, as CloudEvents 1.0. Raises EventLogUnavailable."""

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        """Return once all of them are delivered, in this order per execution. At least once.

        But for those that it refuses, and what comes after each of them of the same execution.
        """

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        """Up to `limit` events behind a position (None: from the start) that fit the filter.

        In the log's order, which is that of versions within an execution. One call looks at a
        bounded part of the log. Events may come more than once, under the same id.
        Raises InvalidPosition.
        """

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        """Publish them once more, to another topic, with `replayid` and under their own ids.

        Returns once all of them are delivered, in this order per execution. Raises InvalidTarget
        for a topic that can't be had, or does not take one of them.
        """

    def check_target(self, target: str) -> None:
        """Raises InvalidTarget for a name that no topic can have, and for the log's own."""

    def upgrade(self) -> None:
        """Run the migration steps that the log lacks.

        Raises EventLogIsNewer if a newer release wrote it. Every other method does the same when
        it connects.
        """

    def ping(self) -> None: ...
