"""What workers saw last, for health: ticks that ended, and what the sweep should not find."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.execution import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """The last time that a tick of beat ended without an error, or since when it should."""

    name: str
    """Of the task, without `podline.`."""
    seen_at: Time
    every_seconds: float
    """Between two ticks, as beat's schedule says."""
    ended: bool = True
    """False if it never has, since beat sent it first, or since Redis lost its data."""


class Found(StrEnum):
    """What the sweep finds only if something was lost: a worker, a message, or Redis's data."""

    SILENT_STEP = "silent_step"
    NOT_IN_QUEUE = "not_in_queue"
    LOST_SLOT = "lost_slot"
    ORPHAN_POD = "orphan_pod"
    NOT_CLEANED_UP = "not_cleaned_up"
    LOST_HOST = "lost_host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a sweep found last of one kind."""

    name: Found
    seen_at: Time
    count: int
