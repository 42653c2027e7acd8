"""/api/v1/queue: how much is queued and running."""

from app.api import about_schemas, representation
from app.api.context import Call
from app.api.operations import Section
from app.domain.api_key import Role
from app.service.overview import overview

queue = Section("Operators", "/api/v1/queue", Role.OPERATOR)


@queue.operation("GET", "", {200: about_schemas.Queue})
def get(call: Call) -> about_schemas.Queue:
    """Unfinished executions per state and priority, the longest queues of owners, and the slots."""
    return representation.queue(overview(call.ports))
