"""How many programs can run at once: what the operator set, or less if the places hold less."""

from dataclasses import dataclass
from typing import Final

from app.domain.errors import CoordinationUnavailable
from app.domain.place import PlaceReport
from app.ports import Caps, Clock, PlaceReports, Ports
from app.service.transitions import in_seconds

PLACE_FRESH_SECONDS: Final = 10.0
"""A place that was silent for longer counts for nothing. Its watcher reports every two seconds, and
another one takes over within six.
"""


def caps_of(ports: Ports) -> Caps:
    """How many slots can be held. Raises CoordinationUnavailable."""
    total = total_slots(ports)
    groups = () if ports.fleet is None else ports.fleet.hosts.groups()
    return Caps(total, ports.policy.max_running_per_owner or total, groups)


def total_slots(ports: Ports) -> int:
    """Raises CoordinationUnavailable."""
    if ports.fleet is not None:
        return sum(size.slots for size in ports.fleet.hosts.sizes().values())
    unreported = ports.runtime.slots()
    if unreported is None:
        return ports.policy.max_running
    reports = place_reports(ports.places, ports.clock)
    reported = sum(report.slots for report in reports) if reports else unreported
    return min(reported, ports.policy.max_running)


def place_reports(places: PlaceReports, clock: Clock) -> list[PlaceReport]:
    """What places have reported lately. Raises CoordinationUnavailable."""
    return places.since(in_seconds(clock, -PLACE_FRESH_SECONDS))


def is_overbooked(ports: Ports) -> bool:
    """Whether more slots are held than the places have. Raises CoordinationUnavailable."""
    return ports.admission.slots_used() > total_slots(ports)


@dataclass(frozen=True, slots=True)
class Slots:
    """How many there are, and how many of them are held."""

    total: int
    used: int | None
    """None while the admission queue is unavailable."""

    @property
    def free(self) -> int | None:
        return None if self.used is None else max(self.total - self.used, 0)


def slots_of(ports: Ports) -> Slots:
    """What to show of the slots. While Redis is unavailable, what the operator set."""
    try:
        return Slots(total_slots(ports), ports.admission.slots_used())
    except CoordinationUnavailable:
        return Slots(ports.policy.max_running, None)
