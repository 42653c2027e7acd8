"""How much work there is, and how much can run at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import CoordinationUnavailable
from app.domain.execution import SECOND, State
from app.domain.submission import Priority
from app.ports import AdmissionQueue, Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The unfinished executions, and the slots."""

    unfinished: Mapping[tuple[State, Priority], int]
    slots: int
    slots_used: int | None
    """None while the admission queue is unavailable."""
    oldest_queued_seconds: float | None
    """None if nothing is queued."""

    @property
    def slots_free(self) -> int | None:
        return None if self.slots_used is None else max(self.slots - self.slots_used, 0)


def overview(ports: Ports) -> Overview:
    """Raises StoreUnavailable."""
    oldest = min(ports.store.counts.oldest_queued().values(), default=None)
    return Overview(
        unfinished=ports.store.counts.by_state(),
        slots=ports.policy.max_running,
        slots_used=slots_used(ports.admission),
        oldest_queued_seconds=None if oldest is None else (ports.clock() - oldest) / SECOND,
    )


def slots_used(queue: AdmissionQueue) -> int | None:
    """None while the admission queue is unavailable."""
    try:
        return queue.slots_used()
    except CoordinationUnavailable:
        return None
