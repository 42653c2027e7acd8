"""A replay: which events, what is done with them, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from app.domain.errors import Conflict
from app.domain.execution import Event, Time
from app.domain.filters import EventFilter
from app.domain.problems import Problems, showable

MAX_EXECUTIONS: Final = 1_000
"""The most ids in one filter."""


class ReplayMode(StrEnum):
    """What is done with the events that the filter matches."""

    REEMIT = "reemit"
    """Each is delivered again, to the topic `target`."""
    REBUILD = "rebuild"
    """The rows that they describe are written into the database `target`."""
    RESUBMIT = "resubmit"
    """The program of each of their executions is submitted again."""


class ReplayStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self not in (ReplayStatus.PENDING, ReplayStatus.RUNNING)


class Skipped(StrEnum):
    """Why something that matched was skipped."""

    INCOMPLETE = "incomplete"
    """rebuild: an earlier event did not match the filter, or the event lacks data."""
    NOT_REBUILT = "not_rebuilt"
    """rebuild: the target has a row with this id that no replay wrote."""
    NO_PROGRAM = "no_program"
    """resubmit: the program was erased, or the row was rebuilt (the log has no programs)."""
    GONE = "gone"
    """resubmit: the execution was removed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of events; for resubmit, `done` and `skipped` count executions."""

    matched: Mapping[str, int] = field(default_factory=dict)
    """By type of event, which names the state."""
    done: int = 0
    """In a dry run: what would be done."""
    skipped: Mapping[Skipped, int] = field(default_factory=dict)

    def with_matched(self, events: Sequence[Event]) -> "Counts":
        matched = dict(self.matched)
        for event in events:
            matched[event.type] = matched.get(event.type, 0) + 1
        return replace(self, matched=matched)

    def with_ends(self, ends: Sequence[Skipped | None]) -> "Counts":
        """`ends` has None for each item that was done."""
        skipped = dict(self.skipped)
        for reason in filter(None, ends):
            skipped[reason] = skipped.get(reason, 0) + 1
        return replace(self, done=self.done + list(ends).count(None), skipped=skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay. Position and counts change together, after the work that they describe."""

    id: str
    mode: ReplayMode
    filter: EventFilter
    """Its `until` is never after `created_at`, so that every replay ends."""
    target: str | None
    """Can contain a password, so it is never shown, logged or returned as it is."""
    dry_run: bool
    requested_by: str
    status: ReplayStatus = ReplayStatus.PENDING
    version: int = 1
    tries: int = 0
    """How often a slice was begun since the last one was finished."""
    position: str | None = None
    """The position in the log up to which everything is done; None at the start."""
    counts: Counts = field(default_factory=Counts)
    error: str | None = None
    """Why it failed, or what it waits for."""
    created_at: Time
    started_at: Time | None = None
    ended_at: Time | None = None
    next_action_at: Time | None
    """When it is due, if no message continues it before; None once it has ended."""

    def begin(self, now: Time, next_action_at: Time) -> "Replay":
        """Begin a slice. The try is counted first, so that a deadly slice is given up."""
        return self._changed(
            status=ReplayStatus.RUNNING,
            tries=self.tries + 1,
            started_at=self.started_at or now,
            next_action_at=next_action_at,
        )

    def advance(self, position: str | None, counts: Counts, next_action_at: Time) -> "Replay":
        """The slice is done up to this position."""
        return self._changed(
            tries=0, error=None, position=position, counts=counts, next_action_at=next_action_at
        )

    def wait(self, next_action_at: Time, error: str) -> "Replay":
        """The slice could not be done, because a dependency is unavailable."""
        return self._changed(tries=0, error=error, next_action_at=next_action_at)

    def complete(self, now: Time, position: str | None, counts: Counts) -> "Replay":
        done = self.advance(position, counts, now)
        return replace(done, status=ReplayStatus.COMPLETED, ended_at=now, next_action_at=None)

    def fail(self, now: Time, error: str) -> "Replay":
        return self._ended(ReplayStatus.FAILED, now, error=error)

    def cancel(self, now: Time) -> "Replay":
        """Raises Conflict once it has ended."""
        if self.status.terminal:
            raise Conflict(f"replay {self.id} is {self.status}")
        return self._ended(ReplayStatus.CANCELLED, now)

    def _ended(self, status: ReplayStatus, now: Time, **facts: object) -> "Replay":
        return self._changed(status=status, ended_at=now, next_action_at=None, **facts)

    def _changed(self, **facts: object) -> "Replay":
        return replace(self, version=self.version + 1, **facts)  # type: ignore[arg-type]  # names and types are those of the methods above


def check(problems: Problems, mode: ReplayMode, filter: EventFilter, target: str | None) -> None:
    """The rules of a request for a replay. The adapter checks the target itself."""
    if problems.none_at("/mode"):
        _check_mode(problems, mode, filter, target)
    if filter.since is not None and filter.until is not None and filter.until <= filter.since:
        problems.add("/to", "must be after `from`")
    for execution_id in filter.executions:
        showable(problems, "/executions", execution_id)
    showable(problems, "/target", target or "")


def _check_mode(
    problems: Problems, mode: ReplayMode, filter: EventFilter, target: str | None
) -> None:
    if mode is ReplayMode.RESUBMIT and target is not None:
        problems.add("/target", "is only for reemit and rebuild: leave it out")
    if mode is not ReplayMode.RESUBMIT and not target:
        problems.add("/target", f"is required: {_TARGETS[mode]}")
    if mode is ReplayMode.RESUBMIT and filter == EventFilter() and problems.none_at(*_FILTER):
        problems.add(
            "/from",
            "is required for resubmit, or else `to`, `types` or `executions`: without a filter, "
            "every program in the log would run again",
        )
    if mode is ReplayMode.REBUILD and filter.types:
        problems.add("/types", "a row is rebuilt from all its events: leave it out")


_FILTER: Final = ("/from", "/to", "/types", "/executions")
_TARGETS: Final = {
    ReplayMode.REEMIT: "the topic that the events are delivered to",
    ReplayMode.REBUILD: "the URL of the database that the rows are written into",
}
