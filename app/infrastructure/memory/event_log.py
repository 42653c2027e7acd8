"""The event log as a list."""

from collections.abc import Sequence
from threading import Lock

from app.domain.execution import Event
from app.infrastructure.cloudevents import CloudEvent, cloud_event


class MemoryEventLog:
    """Append-only; an event that is in it already is not added again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: dict[str, CloudEvent] = {}

    def append(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self._events.setdefault(event.id, cloud_event(event))

    def read(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]:
        """Up to `limit` events behind position `after` (0: from the start), each with its own."""
        with self._lock:
            numbered = list(enumerate(self._events.values(), start=1))
            return numbered[after : after + limit]

    def ping(self) -> None:
        """It is always there."""
