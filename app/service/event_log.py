"""Looking at the event log."""

from dataclasses import replace
from typing import Final

from app.domain.records import EventFilter, EventPage
from app.ports import Ports
from app.service.transitions import in_seconds

LOOK_SECONDS: Final = 2.0
"""A filter that little fits to may take many slices: an answer comes after so long, perhaps
empty, and the next call goes on.
"""


def find_events(ports: Ports, filter: EventFilter, after: str | None, limit: int) -> EventPage:
    """Slice after slice, until a page is full.

    Raises EventLogUnavailable and InvalidPosition.
    """
    until = in_seconds(ports, LOOK_SECONDS)
    page = ports.event_log.read(filter, after, limit)
    while len(page.events) < limit and not page.at_end and ports.clock() < until:
        more = ports.event_log.read(filter, page.position, limit - len(page.events))
        page = replace(more, events=[*page.events, *more.events])
    return page
