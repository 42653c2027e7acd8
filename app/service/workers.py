"""Which processes do the work, and where programs run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from app.domain.errors import RuntimeUnavailable
from app.domain.language import Language
from app.domain.worker import WorkerReport
from app.ports import Clock, Ports, WorkerReports
from app.service.slots import slots_of
from app.service.transitions import in_seconds

T = TypeVar("T")

REPORT_SECONDS: Final = 5.0
"""Between two heartbeats of a process."""
GONE_SECONDS: Final = 60.0
"""A process that was silent for this long is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where programs run: the sandbox, or a cluster."""

    slots: int
    free: int | None
    """None while the admission queue is unavailable."""
    languages: Sequence[Language] | None
    """None while it is unavailable."""
    release: str | None
    """Of Podline. None while the place is unavailable, and for a cluster."""


def workers(reports: WorkerReports, clock: Clock) -> list[WorkerReport]:
    """Workers and beat, by name. Raises CoordinationUnavailable."""
    return reports.since(in_seconds(clock, -GONE_SECONDS))


def place(ports: Ports) -> Place:
    slots = slots_of(ports)
    return Place(
        slots=slots.total,
        free=slots.free,
        languages=_known(ports.runtime.languages),
        release=_known(ports.runtime.release),
    )


def _known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except RuntimeUnavailable:
        return None
