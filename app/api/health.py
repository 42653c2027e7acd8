"""/healthz and /readyz, for monitoring. They need no key."""

from app.api import about_schemas
from app.api.context import Context
from app.api.operations import Answer, Section
from app.service.health import ESSENTIAL

health = Section("Health", "", role=None)


@health.operation("GET", "/healthz", {200: about_schemas.Alive})
def alive(_context: Context) -> about_schemas.Alive:
    """Responds while the process is alive."""
    return about_schemas.Alive(status="alive")


@health.operation("GET", "/readyz", {200: about_schemas.Readiness, 503: about_schemas.Readiness})
def ready(context: Context) -> Answer:
    """Every dependency, checked within the last second. 503 only without the database."""
    found = context.health.get()
    down = found[ESSENTIAL] is not None
    status = "down" if down else "degraded" if any(found.values()) else "ready"
    dependencies = {
        name: about_schemas.Dependency(state="up" if trouble is None else "down", detail=trouble)
        for name, trouble in found.items()
    }
    return Answer(
        about_schemas.Readiness(status=status, dependencies=dependencies), 503 if down else 200
    )
