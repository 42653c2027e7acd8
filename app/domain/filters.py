"""What a listing of executions, or a read of the event log, asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.execution import MILLISECOND, Event, State, Time


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions a listing shows. None means any."""

    owner: str | None = None
    state: str | None = None
    outcome: str | None = None
    language: str | None = None
    priority: str | None = None
    labels: Mapping[str, str] | None = None
    batch: str | None = None
    """The id of a batch."""
    since: Time | None = None
    """Submitted at that time or later; like `until`, to the millisecond."""
    until: Time | None = None
    """Exclusive."""
    states: frozenset[State] | None = None
    """One of these; in addition to `state`."""
    unretried: bool = False
    """Only those that were not retried."""
    ids: frozenset[str] | None = None

    @property
    def first_id(self) -> str | None:
        return None if self.since is None else lowest_id(self.since)

    @property
    def end_id(self) -> str | None:
        """Exclusive."""
        return None if self.until is None else lowest_id(self.until)


_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MOST_MILLISECONDS: Final = 2**48 - 1
_RANDOM_DIGITS: Final = 16


def lowest_id(time: Time) -> str:
    """The lowest ULID of that millisecond (https://github.com/ulid/spec).

    Ids are in the order of submission, so a span of time is a span of ids, which every listing is
    sorted by.
    """
    milliseconds = min(max(time // MILLISECOND, 0), _MOST_MILLISECONDS)
    digits = (_DIGITS[milliseconds >> shift & 31] for shift in range(45, -1, -5))
    return "".join(digits) + "0" * _RANDOM_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Selects events of the log."""

    since: Time | None = None
    until: Time | None = None
    """Exclusive."""
    types: frozenset[str] = frozenset()
    """Empty means any; `executions` likewise."""
    executions: frozenset[str] = frozenset()
    owner: str | None = None

    def fits(self, event: Event) -> bool:
        return (
            (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
            and (not self.types or event.type in self.types)
            and (not self.executions or event.execution_id in self.executions)
            and (self.owner is None or event.data.get("owner") == self.owner)
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
