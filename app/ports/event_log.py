"""The port of the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.execution import Event, Time
from app.domain.filters import EventFilter, EventPage


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the log refuses permanently, with its current configuration."""

    event: Event
    reason: str


class EventLog(Protocol):
    """The append-only log of events, as CloudEvents 1.0. Raises EventLogUnavailable."""

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        """Deliver the events at least once, in this order per execution.

        Returns the refused events. Later events of the same executions aren't delivered either.
        """

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        """Return up to `limit` events that match the filter, after a position or from the start.

        They are in the log's order, which is the order of versions within an execution. One call
        scans a bounded part of the log. An event may appear more than once, with the same id.
        Raises InvalidPosition.
        """

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        """Publish the events again to another topic, with the same ids and a `replayid`.

        Returns once all are delivered, in this order per execution. Raises InvalidTarget if the
        topic is not available or refuses one of them.
        """

    def remove_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` events from the start of the log that happened before `time`.

        Never the newest one, and none behind a newer one, so positions stay valid. Returns how many
        were removed: 0 if the log removes old events by itself, as Kafka does.
        """

    def shrink(self) -> bool:
        """As the store's."""

    def check_target(self, target: str) -> None:
        """Raise InvalidTarget if the name is invalid for a topic, or the log's own."""

    def upgrade(self) -> None:
        """Run the migrations that the log lacks.

        Raises EventLogIsNewer if a newer release wrote it. Every other method does the same when
        it connects.
        """

    def ping(self) -> None: ...
