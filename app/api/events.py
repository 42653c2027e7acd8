"""/api/v1/events: the event log."""

from app.api import representation, schemas
from app.api.context import Call
from app.api.operations import Section
from app.api.operator_requests import EventQuery
from app.api.pages import no_cursor, to_cursor
from app.domain.api_key import Role
from app.domain.errors import InvalidPosition
from app.service.event_log import find_events

events = Section("Operators", "/api/v1/events", Role.OPERATOR)


@events.operation("GET", "", {200: schemas.EventPage})
def list_(call: Call, query: EventQuery) -> schemas.EventPage:
    """Events of all executions, oldest first, and in order for each execution.

    A page can be empty and still have a `next_cursor`; continue until it is null. An event can
    occur more than once, with the same id. To follow the log, ask again with `position` as the
    `cursor`.
    """
    try:
        page = find_events(
            call.ports.event_log, call.ports.clock, query.to_domain(), query.cursor, query.limit
        )
    except InvalidPosition:
        raise no_cursor() from None
    return schemas.EventPage(
        items=[representation.event(event) for event in page.events],
        next_cursor=None if page.at_end else to_cursor(page.position),
        position=to_cursor(page.position),
    )
