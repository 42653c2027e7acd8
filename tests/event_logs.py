"""Reading an event log from one end to the other."""

from collections.abc import Iterator

from app.domain.execution import Event
from app.domain.records import EventFilter, EventPage
from app.ports import EventLog

EVERY = EventFilter()


def pages(
    log: EventLog, filter: EventFilter = EVERY, after: str | None = None, limit: int = 1_000
) -> Iterator[EventPage]:
    """Page after page, up to the end of the log."""
    at_end = False
    while not at_end:
        page = log.read(filter, after, limit)
        assert len(page.events) <= limit
        yield page
        after, at_end = page.position, page.at_end


def every_event(log: EventLog, filter: EventFilter = EVERY, limit: int = 1_000) -> list[Event]:
    return [event for page in pages(log, filter, limit=limit) for event in page.events]
