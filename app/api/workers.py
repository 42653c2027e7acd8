"""/api/v1/workers and /api/v1/overview: who does the work, and how much."""

from app.api import about_schemas, representation
from app.api.context import Call
from app.api.operations import Section
from app.api.requests import OverviewQuery
from app.domain.api_key import Role
from app.service.dead_letters import by_status
from app.service.minutes import last_minutes
from app.service.overview import overview as overview_of
from app.service.workers import places
from app.service.workers import workers as workers_of

workers = Section("Operators", "/api/v1", Role.OPERATOR)


@workers.operation("GET", "/workers", {200: about_schemas.Workers})
def list_(call: Call) -> about_schemas.Workers:
    """Workers and beat that sent a heartbeat in the last minute, and where programs run."""
    found = workers_of(call.ports.worker_reports, call.ports.clock)
    return about_schemas.Workers(
        items=[representation.worker(report) for report in found],
        places=[representation.place(each) for each in places(call.ports)],
    )


@workers.operation("GET", "/overview", {200: about_schemas.Overview})
def overview(call: Call, query: OverviewQuery) -> about_schemas.Overview:
    """What ended in each of the last minutes, how long it waited and ran, and the queue.

    The counts are kept in Redis for a day, and are lost with its data. Its cost does not depend on
    how many executions are stored.
    """
    minutes = last_minutes(call.ports.minutes, call.ports.clock, query.minutes, query.step)
    return about_schemas.Overview(
        queue=representation.queue(overview_of(call.ports)),
        minutes=[representation.minute(each) for each in minutes.each],
        total=representation.minute(minutes.total),
        dead_letters=dict(by_status(call.ports.store.dead_letters)),
    )
