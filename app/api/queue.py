"""/api/v1/queue: how much is queued and running."""

from app.api import representation, schemas
from app.api.context import Call
from app.api.operations import Section
from app.domain.api_key import Role
from app.service.overview import overview

queue = Section("Operators", "/api/v1/queue", Role.OPERATOR)


@queue.operation("GET", "", {200: schemas.Queue})
def get(call: Call) -> schemas.Queue:
    """Unfinished executions per state and priority, the longest queues of owners, and the slots."""
    return representation.queue(overview(call.ports))
