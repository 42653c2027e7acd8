"""What a handler is given beside the request's own data."""

from dataclasses import dataclass
from threading import BoundedSemaphore

from app.domain.records import ApiKey
from app.ports import Ports
from app.service.languages import Languages


@dataclass(frozen=True, slots=True)
class Context:
    """One for each application."""

    ports: Ports
    languages: Languages
    waiting: BoundedSemaphore
    """A place for each answer that waits, so that some threads are always left to answer."""


@dataclass(frozen=True, slots=True)
class Call(Context):
    """One request by the holder of a key."""

    caller: ApiKey
