"""Where the pod of an attempt is, if programs run on several hosts."""

from typing import Final

from app.domain.execution import Execution
from app.domain.hosts import HostReport, group_of
from app.ports import Bays, Fleet, Runtime

_NOWHERE: Final = "-"
"""The name of no host."""


def is_here(fleet: Fleet | None, place: str | None) -> bool:
    """Whether this process's runtime has what is at that place."""
    return fleet is None or (fleet.here is not None and place == fleet.here)


def here(fleet: Fleet | None) -> str | None:
    """The place that a step which needs the runtime requires. None: any."""
    return None if fleet is None else fleet.here or _NOWHERE


def host_of(fleet: Fleet | None, execution: Execution) -> str | None:
    """The host where the attempt is. None if it is on none yet, or if there are no hosts."""
    return None if fleet is None else execution.place


def elsewhere(fleet: Fleet | None, execution: Execution) -> str | None:
    """The living host that has the execution's pod; None if that is here, or nobody has it.

    Raises CoordinationUnavailable.
    """
    if fleet is None or execution.place is None or is_here(fleet, execution.place):
        return None
    return execution.place if execution.place in fleet.hosts.sizes() else None


def group_for(fleet: Fleet | None, execution: Execution) -> str | None:
    """The group of the hosts that can run it. None: any host, or there are none.

    Raises CoordinationUnavailable.
    """
    if fleet is None:
        return None
    sizes = fleet.hosts.sizes().values()
    return group_of(sizes, execution.language, execution.language_version)


def report_of(host: str, bays: Bays, runtime: Runtime) -> HostReport:
    """What a host says of itself. Raises RuntimeUnavailable: then it is not alive."""
    count = bays.count()
    return HostReport(
        name=host,
        slots=0 if count.draining else count.total,
        free=count.free,
        draining=count.draining,
        release=runtime.release(),
        languages=runtime.languages(),
        limits=runtime.limits_held(),
    )
