"""Reads an event log from end to end, and checks its order."""

from collections.abc import Iterator, Sequence

from app.domain.audit import AUDIT_EVENT
from app.domain.execution import Event
from app.domain.filters import EventFilter, EventPage
from app.ports import EventLog

EVERY = EventFilter()


def pages(
    log: EventLog, filter: EventFilter = EVERY, after: str | None = None, limit: int = 1_000
) -> Iterator[EventPage]:
    """Yield page after page, up to the end of the log."""
    at_end = False
    while not at_end:
        page = log.read(filter, after, limit)
        assert len(page.events) <= limit
        yield page
        after, at_end = page.position, page.at_end


def every_event(log: EventLog, filter: EventFilter = EVERY, limit: int = 1_000) -> list[Event]:
    """Those of executions. The log also has what was recorded for audits."""
    found = (event for page in pages(log, filter, limit=limit) for event in page.events)
    return [event for event in found if event.type != AUDIT_EVENT]


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def assert_in_order(events: Sequence[Event]) -> None:
    """Check that each execution's versions are in order. Duplicates are allowed."""
    newest: dict[str, int] = {}
    for event in events:
        seen = newest.get(event.execution_id, 0)
        assert event.version <= seen + 1, event.id
        newest[event.execution_id] = max(seen, event.version)
