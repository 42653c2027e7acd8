"""What a handler is given beside the request's own data."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore

from app.api.turnstile import Turnstile
from app.domain.records import ApiKey
from app.ports import Gauge, Health, Ports
from app.service.languages import Languages
from app.service.remembered import Remembered


@dataclass(frozen=True, slots=True)
class Context:
    """One for each application."""

    ports: Ports
    languages: Languages
    waiting: BoundedSemaphore
    """A place for each answer that waits, so that some threads are always left to answer."""
    turnstile: Turnstile
    """Left by whoever waits."""
    health: Remembered[Health]
    gauges: Remembered[Sequence[Gauge]]


@dataclass(frozen=True, slots=True)
class Call(Context):
    """One request by the holder of a key."""

    caller: ApiKey
