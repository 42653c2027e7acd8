"""Where the pod of an attempt is, if programs run on several hosts."""

from typing import Final

from app.domain.errors import NameTaken
from app.domain.execution import Execution
from app.domain.hosts import HostReport
from app.domain.language import all_run, keys_of
from app.ports import Bays, Fleet, Hosts, Ports, Runtime, Store

_NOWHERE: Final = "-"
"""The name of no host."""


def is_here(fleet: Fleet | None, place: str | None) -> bool:
    """Whether this process's runtime has what is at that place."""
    return fleet is None or (fleet.here is not None and place == fleet.here)


def here(fleet: Fleet | None) -> str | None:
    """The place that a step which needs the runtime requires. None: any."""
    if fleet is None:
        return None
    return fleet.here if fleet.here is not None and fleet.holds_here() else _NOWHERE


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


def is_lost(fleet: Fleet | None, execution: Execution) -> bool:
    """Whether the attempt is on a host that is not alive. Raises CoordinationUnavailable."""
    host = host_of(fleet, execution)
    return fleet is not None and host is not None and host not in fleet.hosts.sizes()


def lacks(fleet: Fleet | None, runtime: Runtime, languages: str) -> bool:
    """Whether one of these languages is missing on this process's host, but may be on another.

    The daemon is asked, because it may have been restarted with other languages since the last
    heartbeat. Raises RuntimeUnavailable.
    """
    return fleet is not None and not all_run(languages, keys_of(runtime.languages()))


def group_here(fleet: Fleet) -> str | None:
    """The group of this process's host. Raises CoordinationUnavailable."""
    own = fleet.hosts.sizes().get(fleet.here or _NOWHERE)
    return own.group if own else None


def say_what_is_here(ports: Ports) -> bool:
    """Send a heartbeat at once, because the last one is wrong. False if this is no host any more.

    Raises CoordinationUnavailable and RuntimeUnavailable.
    """
    if ports.fleet is None or ports.fleet.here is None:
        return False
    report = report_of(ports.fleet.here, ports.fleet.owner, ports.bays, ports.runtime)
    try:
        ports.fleet.hosts.put(report)
    except NameTaken:
        return False
    return True


def note_database(store: Store, hosts: Hosts) -> None:
    """Record which database the service has. Raises Unavailable."""
    hosts.put_database(store.identity())


def has_another_database(store: Store, hosts: Hosts) -> bool:
    """Whether the service has recorded another one. Raises Unavailable."""
    recorded = hosts.database()
    return recorded is not None and recorded != store.identity()


def others(fleet: Fleet) -> set[str]:
    """The names that living hosts of other owners have. Raises CoordinationUnavailable."""
    return {name for name, owner in fleet.hosts.owners().items() if owner != fleet.owner}


def report_of(host: str, owner: str, bays: Bays, runtime: Runtime) -> HostReport:
    """What a host says of itself. Raises RuntimeUnavailable: then it is not alive."""
    count = bays.count()
    return HostReport(
        name=host,
        owner=owner,
        slots=count.pods if count.draining else count.total,
        free=count.free,
        draining=count.draining,
        release=runtime.release(),
        languages=runtime.languages(),
        limits=runtime.limits_held(),
    )
