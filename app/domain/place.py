"""What the places report about themselves in which programs run."""

from dataclasses import dataclass

from app.domain.execution import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """What a place's watcher last said of it."""

    name: str
    slots: int
    """How many pods of attempts it can hold at once now."""
    seen_at: Time
