"""What the places report about themselves in which programs run."""

from dataclasses import dataclass
from typing import Final

from app.domain.execution import Time

STARTED_AHEAD: Final = "pod/"
"""How the place begins of an attempt that claims a pod which was started ahead: its name follows.
"""


def is_started_ahead(place: str) -> bool:
    return place.startswith(STARTED_AHEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAhead:
    """The pods of one language that are started ahead."""

    language: str
    version: str
    size: int
    """How many there should be."""
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """What a place's watcher last said of it."""

    name: str
    slots: int
    """How many pods of attempts it can hold at once now."""
    seen_at: Time
    ahead: tuple[StartedAhead, ...] = ()
