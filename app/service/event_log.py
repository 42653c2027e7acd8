"""Reads the event log for the API."""

from dataclasses import replace
from typing import Final

from app.domain.filters import EventFilter, EventPage
from app.ports import Clock, EventLog
from app.service.transitions import in_seconds

LOOK_SECONDS: Final = 2.0
"""Time budget per call. A selective filter may scan many slices, so a page can be empty; continue
from its cursor.
"""


def find_events(
    log: EventLog, clock: Clock, filter: EventFilter, after: str | None, limit: int
) -> EventPage:
    """Read slice after slice until the page is full or the time is over.

    Raises EventLogUnavailable and InvalidPosition.
    """
    until = in_seconds(clock, LOOK_SECONDS)
    page = log.read(filter, after, limit)
    while len(page.events) < limit and not page.at_end and clock() < until:
        more = log.read(filter, page.position, limit - len(page.events))
        page = replace(more, events=[*page.events, *more.events])
    return page
