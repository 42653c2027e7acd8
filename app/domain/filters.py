"""What a listing of executions, or a read of the event log, asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.execution import Event, Time


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions a listing shows. None means any."""

    owner: str | None = None
    state: str | None = None
    outcome: str | None = None
    language: str | None = None
    labels: Mapping[str, str] | None = None
    batch: str | None = None
    """The id of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Selects events of the log."""

    since: Time | None = None
    until: Time | None = None
    """Exclusive."""
    types: frozenset[str] = frozenset()
    """Empty means any; `executions` likewise."""
    executions: frozenset[str] = frozenset()

    def fits(self, event: Event) -> bool:
        return (
            (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
            and (not self.types or event.type in self.types)
            and (not self.executions or event.execution_id in self.executions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """A slice of the event log."""

    events: Sequence[Event]
    """Those that match; can be empty although more follow."""
    position: str
    """Where the next slice starts, as plain text that stays valid as long as the log exists."""
    at_end: bool
    """Whether the slice reached the end of the log at the time of the call."""
