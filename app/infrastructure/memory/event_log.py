"""The event log, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, takewhile
from threading import Lock
from typing import Final

from app.domain.execution import Event, Time
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.cloudevents import CloudEvent, cloud_event
from app.infrastructure.event_log_checks import check_target, whole_number
from app.ports import Refused

TOPIC: Final = "events"


class MemoryEventLog:
    """A log without duplicates. A position is the number of events that came before."""

    def __init__(self, *, slice_size: int = 1_000) -> None:
        self._lock = Lock()
        self._slice_size = slice_size
        self._events: dict[str, Event] = {}
        self._removed = 0
        self._reemitted: dict[str, list[CloudEvent]] = {}

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        with self._lock:
            for event in events:
                self._events.setdefault(event.id, replace(event, traceparent=None))
        return ()

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        position = 0 if after is None else whole_number(after)
        with self._lock:
            events, removed = list(self._events.values()), self._removed
        position = max(position, removed)
        found: list[Event] = []
        for event in events[position - removed :][: self._slice_size]:
            if len(found) == limit:
                break
            position += 1
            if filter.fits(event):
                found.append(event)
        at_end = position >= removed + len(events)
        return EventPage(events=found, position=str(position), at_end=at_end)

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        self.check_target(target)
        with self._lock:
            topic = self._reemitted.setdefault(target, [])
            topic += [cloud_event(event, replay_id=replay_id) for event in events]

    def reemitted(self, target: str) -> list[CloudEvent]:
        """Return what was re-emitted to a topic, in order of arrival."""
        with self._lock:
            return list(self._reemitted.get(target, ()))

    def remove_before(self, time: Time, limit: int) -> int:
        with self._lock:
            old = takewhile(lambda event: event.time < time, list(self._events.values())[:-1])
            removed = [event.id for event in islice(old, limit)]
            for event_id in removed:
                del self._events[event_id]
            self._removed += len(removed)
            return len(removed)

    def shrink(self) -> bool:
        return False

    def check_target(self, target: str) -> None:
        check_target(target, TOPIC)

    def upgrade(self) -> None:
        return

    def ping(self) -> None:
        """Succeed: it is always available."""
