"""/healthz and /readyz, for monitoring. They need no key."""

from app.api import about_schemas
from app.api.auth import is_operator
from app.api.context import Context
from app.api.operations import Answer, Section
from app.ports import Health

health = Section("Health", "", role=None)


@health.operation("GET", "/healthz", {200: about_schemas.Alive})
def alive(_context: Context) -> about_schemas.Alive:
    """Responds while the process is alive."""
    return about_schemas.Alive(status="alive")


@health.operation("GET", "/readyz", {200: about_schemas.Readiness, 503: about_schemas.Readiness})
def ready(context: Context) -> Answer:
    """Every dependency and every part, checked within the last second.

    503 only without the database: a load balancer keeps an API that accepts work. Why a part is
    down names processes and hosts, and so is shown with a key of the role operator only.
    """
    found = context.condition.get()
    parts = _each(found.parts)
    if not is_operator(context.ports.store.keys, context.ports.sessions):
        parts = {name: part.model_copy(update={"detail": None}) for name, part in parts.items()}
    status = "down" if found.is_down else "degraded" if found.is_degraded else "ready"
    readiness = about_schemas.Readiness(
        status=status, dependencies=_each(found.dependencies), parts=parts
    )
    return Answer(readiness, 503 if found.is_down else 200)


def _each(found: Health) -> dict[str, about_schemas.Dependency]:
    return {
        name: about_schemas.Dependency(state="up" if trouble is None else "down", detail=trouble)
        for name, trouble in found.items()
    }
