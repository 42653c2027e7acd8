"""How much work there is, and how much can run at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.errors import CoordinationUnavailable
from app.domain.execution import SECOND, State, Time
from app.domain.submission import Priority
from app.ports import AdmissionQueue, Clock, Ports

LONGEST: Final = 10
"""Owners that are shown."""
LANES: Final = 1_000
"""Lanes that are looked at; beyond that, only those that wait longest."""
NOT_IN_LOG: Final = 10_000
"""More executions with events to relay are not counted; then, only the age matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The unfinished executions, and the slots."""

    unfinished: Mapping[tuple[State, Priority], int]
    longest: Sequence[tuple[str, int]] | None
    """The owners with the longest queues, and their lengths; None while Redis is unavailable."""
    slots: int
    slots_used: int | None
    """None while the admission queue is unavailable."""
    not_in_log: int
    """Executions with events that are not in the event log yet, counted up to `NOT_IN_LOG`."""
    not_in_log_seconds: float | None
    """The age of the oldest of these events; None if there are none."""
    oldest_queued_seconds: float | None
    """None if nothing is queued."""

    @property
    def slots_free(self) -> int | None:
        return None if self.slots_used is None else max(self.slots - self.slots_used, 0)


def overview(ports: Ports) -> Overview:
    """Raises StoreUnavailable."""
    oldest = min(ports.store.counts.oldest_queued().values(), default=None)
    not_in_log, since = ports.store.events_to_relay.backlog(NOT_IN_LOG)
    return Overview(
        unfinished=ports.store.counts.by_state(),
        longest=_longest(ports.admission),
        slots=ports.policy.max_running,
        slots_used=slots_used(ports.admission),
        not_in_log=not_in_log,
        not_in_log_seconds=_age(ports.clock, since),
        oldest_queued_seconds=_age(ports.clock, oldest),
    )


def _age(clock: Clock, since: Time | None) -> float | None:
    return None if since is None else max(clock() - since, 0) / SECOND


def _longest(queue: AdmissionQueue) -> Sequence[tuple[str, int]] | None:
    try:
        return queue.queued_by_owner(LANES).most_common(LONGEST)
    except CoordinationUnavailable:
        return None


def slots_used(queue: AdmissionQueue) -> int | None:
    """None while the admission queue is unavailable."""
    try:
        return queue.slots_used()
    except CoordinationUnavailable:
        return None
