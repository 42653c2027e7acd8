"""What a handler is given besides the request's own data."""

from dataclasses import dataclass

from app.api.doors.options import DoorOptions
from app.api.large_bodies import LargeBodies
from app.api.turnstile import Turnstile
from app.domain.api_key import ApiKey
from app.domain.policy import Policy
from app.ports import Ports
from app.service.cached import Cached
from app.service.capacity import Capacity
from app.service.health import Condition
from app.service.languages import Languages
from app.service.rate_limits import CpuDays
from app.service.waiting_places import WaitingPlaces


@dataclass(frozen=True, slots=True)
class Context:
    """One for each application."""

    ports: Ports
    """Passed on to services. Handlers never call a port (tests/unit/test_layers.py)."""
    policy: Policy
    languages: Languages
    waiting_places: WaitingPlaces
    capacity: Capacity
    cpu_days: CpuDays
    turnstile: Turnstile
    """Whoever waits leaves it meanwhile."""
    large_bodies: LargeBodies
    condition: Cached[Condition]
    """Of the service's dependencies and parts."""
    exposition: Cached[bytes]
    """Of metrics."""
    doors: DoorOptions


@dataclass(frozen=True, slots=True)
class Call:
    """One request by the holder of a key."""

    context: Context
    caller: ApiKey

    @property
    def ports(self) -> Ports:
        return self.context.ports
