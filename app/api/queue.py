"""/api/v1/queue: how much is queued and running."""

from app.api import schemas
from app.api.context import Call
from app.api.routing import Section
from app.domain.api_key import Role
from app.domain.execution import UNFINISHED, State
from app.domain.submission import Priority
from app.service.overview import overview

queue = Section("Operators", "/api/v1/queue", Role.OPERATOR)


@queue.operation("GET", "", {200: schemas.Queue})
def get(call: Call) -> schemas.Queue:
    """Unfinished executions per state and priority, and the slots."""
    seen = overview(call.ports)
    return schemas.Queue(
        counts={
            state: {priority: seen.unfinished.get((state, priority), 0) for priority in Priority}
            for state in State
            if state in UNFINISHED
        },
        slots=schemas.Slots(total=seen.slots, used=seen.slots_used, free=seen.slots_free),
        oldest_queued_seconds=seen.oldest_queued_seconds,
    )
