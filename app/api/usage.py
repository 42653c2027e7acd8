"""/api/v1/usage: what was used, by day."""

from datetime import date, timedelta

from app.api import about_schemas
from app.api.context import Call
from app.api.operations import Section
from app.api.requests import UsageQuery
from app.domain.api_key import Role
from app.domain.errors import FieldProblem, InvalidRequest
from app.domain.execution import SECOND
from app.service import usage as service
from app.service.executions import ALL_OWNERS

MAX_DAYS = 366
MAX_DAYS_OF_ALL = 31
DEFAULT_DAYS = 30

usage = Section("Executions", "/api/v1/usage")


@usage.operation("GET", "", {200: about_schemas.UsageList})
def list_(call: Call, query: UsageQuery) -> about_schemas.UsageList:
    """What your executions used, by the day (UTC) on which they ended, oldest first.

    Days without executions are left out. An execution counts some seconds after its end. Of all
    owners, at most 31 days can be listed at once.
    """
    first, last = _days(query, service.today(call.ports.clock))
    shows_owner = call.caller.role.includes(Role.OPERATOR)
    found = service.by_day(call.ports.store.usage, call.caller, query.owner, first, last)
    return about_schemas.UsageList(
        items=[
            about_schemas.UsageDay(
                day=each.day,
                owner=each.owner if shows_owner else None,
                executions=each.executions,
                cpu_seconds=each.cpu_us / SECOND,
                stored_bytes=each.stored_bytes,
            )
            for each in found
        ]
    )


def _days(query: UsageQuery, today: str) -> tuple[str, str]:
    last = query.to or max(date.fromisoformat(today), query.from_ or date.min)
    first = query.from_ or last - timedelta(days=min(DEFAULT_DAYS - 1, last.toordinal() - 1))
    if first > last:
        raise InvalidRequest([FieldProblem("/from", "must not be later than `to`", "query")])
    most = MAX_DAYS_OF_ALL if query.owner == ALL_OWNERS else MAX_DAYS
    if (last - first).days >= most:
        problem = f"at most {most} days can be listed at once"
        raise InvalidRequest([FieldProblem("/from", problem, "query")])
    return first.isoformat(), last.isoformat()
