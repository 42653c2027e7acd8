"""The ports of executions: the rows, their counts, their results, and their events."""

from collections.abc import Callable, Sequence
from typing import Protocol

from app.domain.blob import Blob
from app.domain.callback import Callback
from app.domain.execution import Change, Event, Execution, State, Time
from app.domain.filters import ExecutionFilter
from app.domain.result import Result
from app.domain.submission import Priority, Submission
from app.domain.usage import UsageDay
from app.ports.admission import QueueEntry


class Executions(Protocol):
    """Executions, their programs, and their events."""

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        """Write a new execution, its program and its first event. False if the id is taken.

        With a `quota`, also False if its owner has so many unfinished executions. A store that
        can't count and write at once ignores it, so callers count beforehand as well.

        Unless it is `durable`, a power loss may undo it until `make_durable`, or until the
        execution has ended. The end of any process never does.
        """

    def make_durable(self) -> None:
        """Return once a power loss can undo nothing that was written before."""

    def insert_all(self, new: Sequence[tuple[Execution, Event]]) -> None:
        """Write the new executions of a batch whose programs are stored already, in one write.

        Skips those whose id is taken or whose program is missing.
        """

    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        """Write a row that was made from the log alone, and the events that it lacks.

        Replaces a rebuilt row of a lower version. False if any other row has the id.
        `get` and `page` show a rebuilt row; nothing claims, begins or counts it.
        """

    def get(self, execution_id: str) -> Execution | None:
        """The row, without the program."""

    def submission(self, execution_id: str) -> Submission | None:
        """The program. None if there is no such execution, or if it was erased."""

    def program_blob(self, execution_id: str) -> Blob | None:
        """The blob that has the program. None if its row has it, or if there is no program."""

    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        """The execution's events, oldest first."""

    def apply(self, change: Change) -> bool:
        """Compare-and-set: write `after` and the event if the row's version is still `before`'s."""

    def begin(
        self,
        execution_id: str,
        states: frozenset[State],
        step: str,
        now: Time,
        next_action_at: Time,
        *,
        at: str | None = None,
        places: bool = False,
    ) -> Execution | None:
        """Begin a step, in one atomic write.

        If the row is in one of `states` and not held: count a try of `step`, set `next_action_at`,
        and return the updated row. Otherwise None. With `at`, the row's place must be that; with
        `places` as well, a row without a place gets it.
        """

    def hold(self, execution: Execution, until: Time) -> bool:
        """Let no step be begun until then, when the row is due.

        For a step in progress that takes long: others would only do the same. The tries stay,
        because the step may end its process. False if the row's version is no longer
        `execution`'s.
        """

    def put_place(self, execution: Execution, place: str | None) -> bool:
        """Compare-and-set: write where the attempt's pod will be, before anything is made there.

        False if the row's version or place is no longer `execution`'s. The version keeps the place
        of an attempt that is seen running from being replaced; before that, only a caller that
        has made and claimed nothing at `execution.place` may replace it.
        """

    def reschedule(
        self, execution: Execution, next_action_at: Time, message: str | None = None
    ) -> bool:
        """Record that the step succeeded and must run again: set the time, reset the tries.

        The row is no longer held. `message` says what it waits for; None leaves the row's.
        False if the row's version is no longer `execution`'s.
        """

    def settle(self, execution: Execution) -> None:
        """Record that a terminal row's pod is gone and its slot is free.

        Removes the results that the row does not name, and clears `next_action_at`.
        """

    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        """Claim up to `limit` due rows in `states`, longest due first.

        Each claim is a compare-and-set of `next_action_at` to `push(row)`, so two sweeps never
        claim the same row.
        """

    def in_states(self, states: frozenset[State], after: str, limit: int) -> list[QueueEntry]:
        """Rows in `states` whose id is greater than `after`, by id: to rebuild the queue."""

    def placed(self, place: str, limit: int) -> list[Execution]:
        """Up to `limit` rows whose attempt is under way at that place."""

    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        """State and attempt of each of these that exists."""

    def page(self, filter: ExecutionFilter, before: str | None, limit: int) -> list[Execution]:
        """Rows that match, newest first (by id), with an id below `before`; no erased ones."""

    def count(self, filter: ExecutionFilter, at_most: int) -> int:
        """How many rows `page` would show, counted up to that number."""

    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        """Name the retry of an execution, once. False if it has one already."""

    def erase(self, execution_id: str) -> None:
        """Delete the program and the results of a terminal execution; keep the row and its events.

        The row is then `erased`.
        """

    def remove_ended_before(self, time: Time, limit: int) -> list[str]:
        """Remove executions that ended before `time`, with their programs and results.

        Only settled and completely relayed ones whose callback is not pending and whose usage is
        folded, up to `limit`. Returns the ids of those that were removed. If these take long, it
        removes only the first of them, so that others can write.
        """

    def oldest_removable(self) -> Time | None:
        """Return when the oldest of these ended that `remove_ended_before` may remove, at any time.

        Cheap.
        """

    def not_erased(self, execution_ids: Sequence[str]) -> set[str]:
        """Return which of these executions exist and have not been erased."""


class Counts(Protocol):
    """How many executions there are. No method reads more rows than it counts."""

    def unfinished(self, owner: str) -> int:
        """How many executions of an owner are not terminal."""

    def by_state(self) -> dict[tuple[State, Priority], int]:
        """How many rows are in each unfinished state and priority; zeros may be left out.

        A row that changes its state meanwhile may be counted twice, or not at all.
        """

    def oldest_queued(self) -> dict[Priority, Time]:
        """Creation time of the oldest queued execution, for each priority that has one."""

    def oldest_queued_of(self, owner: str) -> Time | None:
        """Creation time of the owner's oldest queued execution."""


class Deliveries(Protocol):
    """The pending callbacks of executions."""

    def claim_due(
        self, now: Time, limit: int, push: Callable[[Callback], Callback]
    ) -> list[Execution]:
        """Claim up to `limit` executions whose callback is due, longest due first.

        Each claim is an `update` to `push(callback)`, so nobody else claims the same callback.
        """

    def update(self, execution_id: str, before: Callback, after: Callback) -> bool:
        """Compare-and-set: write `after` if the callback is still due when `before` is."""


class UsageRecords(Protocol):
    """What executions used, and the days into which it is folded."""

    def unfolded(self, limit: int) -> list[Execution]:
        """Up to `limit` executions whose usage is in no day yet, those that ended first first."""

    def still_unfolded(self, execution_ids: Sequence[str]) -> set[str]:
        """Which of these executions are in no day, as far as their rows say."""

    def mark_folded(self, execution_ids: Sequence[str]) -> None:
        """Record that a day contains these executions."""

    def day(self, of: UsageDay) -> UsageDay:
        """The record of that owner, day and key as it is now; `of` itself if there is none."""

    def put(self, before: UsageDay, after: UsageDay) -> bool:
        """Compare-and-set: write `after` if the record's version is still `before`'s."""

    def days(self, owner: str | None, first: str, last: str) -> list[UsageDay]:
        """The records of an owner, or of all, from the first day to the last.

        They are in the order of day, owner and key.
        """


class Results(Protocol):
    """The results of attempts."""

    def insert(self, result: Result) -> None:
        """Store the result of the attempt in which its execution is finished.

        A second insert under the same id changes nothing. In any other state, nothing is stored:
        no result is added to an execution that has ended.
        """

    def get(self, result_id: str) -> Result | None: ...


class EventsToRelay(Protocol):
    """Events that are not in the event log yet."""

    def waiting(self, limit: int) -> list[tuple[str, list[Event]]]:
        """Up to `limit` executions, longest waiting first: the id, and its events in order."""

    def backlog(self, limit: int) -> tuple[int, Time | None]:
        """How many executions have such events (counted up to `limit`), and the oldest's time."""

    def mark_relayed(self, execution_id: str, version: int) -> None:
        """Record that all events up to `version` are in the log. Never lowers the mark."""
