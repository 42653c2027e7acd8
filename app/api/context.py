"""What a handler is given beside the request's own data."""

from dataclasses import dataclass

from app.domain.records import ApiKey
from app.ports import Ports
from app.service.languages import Languages


@dataclass(frozen=True, slots=True)
class Context:
    """One for each application."""

    ports: Ports
    languages: Languages


@dataclass(frozen=True, slots=True)
class Call:
    """One request by the holder of a key."""

    ports: Ports
    languages: Languages
    caller: ApiKey
