"""Which processes do the work, and where programs run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from app.domain.errors import CoordinationUnavailable, RuntimeUnavailable
from app.domain.hosts import HostReport
from app.domain.language import Language
from app.domain.place import StartedAhead
from app.domain.worker import WorkerReport
from app.ports import Clock, Ports, WorkerReports
from app.service.slots import place_reports, slots_of
from app.service.transitions import in_seconds

T = TypeVar("T")

REPORT_SECONDS: Final = 5.0
"""Between two heartbeats of a process."""
GONE_SECONDS: Final = 60.0
"""A process that was silent for this long is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where programs run: the sandbox, a cluster, or a sandbox host."""

    name: str | None = None
    """Of a host."""
    draining: bool = False
    slots: int
    free: int | None
    """None while the admission queue is unavailable."""
    languages: Sequence[Language] | None
    """None while it is unavailable."""
    release: str | None
    """Of Podline. None while the place is unavailable, and for a cluster."""
    ahead: Sequence[StartedAhead] = ()
    """Nothing while no watcher or the admission queue is available."""


def workers(reports: WorkerReports, clock: Clock) -> list[WorkerReport]:
    """Workers and beat, by name. Raises CoordinationUnavailable."""
    return reports.since(in_seconds(clock, -GONE_SECONDS))


def places(ports: Ports) -> list[Place]:
    """The only one, or the living hosts. Raises CoordinationUnavailable if there are hosts."""
    if ports.fleet is not None:
        return [_host(report) for report in ports.fleet.hosts.alive()]
    slots = slots_of(ports)
    only = Place(
        slots=slots.total,
        free=slots.free,
        languages=_known(ports.runtime.languages),
        release=_known(ports.runtime.release),
        ahead=_ahead(ports),
    )
    return [only]


def _ahead(ports: Ports) -> list[StartedAhead]:
    try:
        return [
            pool for report in place_reports(ports.places, ports.clock) for pool in report.ahead
        ]
    except CoordinationUnavailable:
        return []


def _host(report: HostReport) -> Place:
    return Place(
        name=report.name,
        draining=report.draining,
        slots=report.slots,
        free=report.free,
        languages=report.languages,
        release=report.release,
    )


def _known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except RuntimeUnavailable:
        return None
