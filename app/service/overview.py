"""How much work there is, and how much can run at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.errors import CoordinationUnavailable
from app.domain.execution import SECOND, State, Time
from app.domain.submission import Priority
from app.ports import Clock, Ports
from app.service.slots import Slots, slots_of

LONGEST: Final = 10
"""Owners that are shown."""
LANES: Final = 1_000
"""Lanes that are looked at; beyond that, only those that wait longest."""
NOT_IN_LOG: Final = 10_000
"""More executions with events to relay are not counted; then, only the age matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersQueue:
    """What one owner has queued."""

    owner: str
    queued: int
    oldest_seconds: float | None
    """None if nothing of it is queued any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The unfinished executions, and the slots."""

    unfinished: Mapping[tuple[State, Priority], int]
    longest: Sequence[OwnersQueue] | None
    """The longest queues of owners; None while Redis is unavailable."""
    slots: Slots
    not_in_log: int
    """Executions with events that are not in the event log yet, counted up to `NOT_IN_LOG`."""
    not_in_log_seconds: float | None
    """The age of the oldest of these events; None if there are none."""
    oldest_by_band: Mapping[Priority, float]
    """The age of the oldest queued execution of each band that has one."""

    @property
    def oldest_queued_seconds(self) -> float | None:
        """None if nothing is queued."""
        return max(self.oldest_by_band.values(), default=None)


def overview(ports: Ports) -> Overview:
    """Raises StoreUnavailable."""
    oldest = ports.store.counts.oldest_queued()
    not_in_log, since = ports.store.events_to_relay.backlog(NOT_IN_LOG)
    return Overview(
        unfinished=ports.store.counts.by_state(),
        longest=_longest(ports),
        slots=slots_of(ports),
        not_in_log=not_in_log,
        not_in_log_seconds=_optional_age(ports.clock, since),
        oldest_by_band={band: _age(ports.clock, since) for band, since in oldest.items()},
    )


def _age(clock: Clock, since: Time) -> float:
    return max(clock() - since, 0) / SECOND


def _optional_age(clock: Clock, since: Time | None) -> float | None:
    return None if since is None else _age(clock, since)


def _longest(ports: Ports) -> Sequence[OwnersQueue] | None:
    try:
        longest = ports.admission.queued_by_owner(LANES).most_common(LONGEST)
    except CoordinationUnavailable:
        return None
    oldest = ports.store.counts.oldest_queued_of
    return [
        OwnersQueue(
            owner=owner, queued=queued, oldest_seconds=_optional_age(ports.clock, oldest(owner))
        )
        for owner, queued in longest
    ]
