"""The event log, in memory."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from app.domain.execution import Event
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.cloudevents import CloudEvent, cloud_event
from app.infrastructure.event_log_checks import check_target, whole_number
from app.ports import Refused

TOPIC: Final = "events"


class MemoryEventLog:
    """An append-only log without duplicates. A position is an index."""

    def __init__(self, *, slice_size: int = 1_000) -> None:
        self._lock = Lock()
        self._slice_size = slice_size
        self._events: dict[str, Event] = {}
        self._reemitted: dict[str, list[CloudEvent]] = {}

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        with self._lock:
            for event in events:
                self._events.setdefault(event.id, event)
        return ()

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        position = 0 if after is None else whole_number(after)
        with self._lock:
            events = list(self._events.values())
        found: list[Event] = []
        for event in events[position : position + self._slice_size]:
            if len(found) == limit:
                break
            position += 1
            if filter.fits(event):
                found.append(event)
        return EventPage(events=found, position=str(position), at_end=position >= len(events))

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        self.check_target(target)
        with self._lock:
            topic = self._reemitted.setdefault(target, [])
            topic += [cloud_event(event, replay_id=replay_id) for event in events]

    def reemitted(self, target: str) -> list[CloudEvent]:
        """Return what was re-emitted to a topic, in order of arrival."""
        with self._lock:
            return list(self._reemitted.get(target, ()))

    def check_target(self, target: str) -> None:
        check_target(target, TOPIC)

    def upgrade(self) -> None:
        return

    def ping(self) -> None:
        """Succeed: it is always available."""
