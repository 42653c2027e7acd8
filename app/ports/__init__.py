"""What the service needs from the outside, and nothing more.

Each port except Pipeline, Databases and Metrics has an in-memory twin in app/infrastructure/memory/
and one contract test suite in tests/contracts/ that the twin and every adapter pass. Pipeline has a
twin, but no suite in common: the twin only records which chains start. Databases and Metrics have
one adapter each. Adapters raise only errors of app.domain.errors: a vendor's "away", "timed out",
"locked" or "disk full" becomes the port's `Unavailable`.
Every adapter is made without connecting, connects when first used, may be used by many
threads, and may be made anew after a fork.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.execution import Change, Event, Execution, State, Time
from app.domain.pod import Frame, Observation, Output, Pod
from app.domain.policy import Policy
from app.domain.records import (
    ApiKey,
    DeadLetter,
    DeadLetterKind,
    DeadLetterStatus,
    EventFilter,
    EventPage,
    ExecutionFilter,
    HeldLimit,
    IdempotencyRecord,
    Language,
    Result,
)
from app.domain.replay import Replay
from app.domain.submission import Priority, Submission


class Store(Protocol):
    """The truth. Raises StoreUnavailable within `Policy.store_timeout` when it is away or locked.

    Every query here has an index; none may cost more where many finished rows lie about.
    """

    # executions

    def insert(self, execution: Execution, submission: Submission, event: Event) -> bool:
        """Write a new execution, its program and its first event. False if the id is taken."""

    def put_rebuilt(self, execution: Execution, events: Sequence[Event]) -> bool:
        """Write a row that was made of the log alone, and the events that it did not have before.

        It takes the place of a rebuilt row of a lower version; False if any other row is there.
        No method here lists, counts or begins it as work: only `get` and the listings show it.
        """

    def get(self, execution_id: str) -> Execution | None:
        """The row, without the program."""

    def submission(self, execution_id: str) -> Submission | None:
        """The program. None if there is no such execution, or if it was erased."""

    def apply(self, change: Change) -> bool:
        """Compare-and-set: write `after` and the event if the row's version is still `before`'s."""

    def begin(
        self, execution_id: str, states: frozenset[State], step: str, next_action_at: Time
    ) -> Execution | None:
        """Begin a step: if the row is in one of `states`, count a try of `step`, push
        `next_action_at`, and return the row as it then is; else None. One atomic write.
        """

    def reschedule(self, execution: Execution, next_action_at: Time) -> bool:
        """The step went well but has to come again: set the time, forget the tries.

        False if the row's version is no longer `execution`'s.
        """

    def settle(self, execution: Execution) -> None:
        """A terminal row's pod is gone and its slot is free: remove the results that the row does
        not name, and never look at it again.
        """

    def claim_due(
        self,
        states: frozenset[State],
        now: Time,
        limit: int,
        push: Callable[[Execution], Time],
    ) -> list[Execution]:
        """Up to `limit` rows in `states` that are due, longest due first.

        Each was claimed by a compare-and-set on its `next_action_at`, which is `push(row)` now,
        so two sweeps never get the same row.
        """

    def in_states(self, states: frozenset[State], after: str, limit: int) -> "list[QueueEntry]":
        """Rows in `states`, by id, from the first id greater than `after`: to rebuild the queue."""

    def states_of(self, execution_ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        """State and attempt of each of these that exists."""

    def list_executions(
        self, filter: ExecutionFilter, before: str | None, limit: int
    ) -> list[Execution]:
        """Newest first (by id), from the first id smaller than `before`; no erased ones."""

    def events(self, execution_id: str, after_version: int = 0) -> list[Event]:
        """The execution's events, oldest first."""

    def mark_retried(self, execution_id: str, retried_as: str) -> bool:
        """Name the retry of an execution, once. False if it has one already."""

    def erase(self, execution_id: str) -> None:
        """Forget program and results of a terminal execution; the bare row and its events stay.

        From then on `get` still finds the row, with `erased` true.
        """

    def remove_completed_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` settled and wholly relayed executions that became terminal before
        `time`, with programs and results. How many went.
        """

    # counts

    def unfinished(self, owner: str) -> int:
        """How many executions of an owner are not terminal."""

    def counts(self) -> dict[tuple[State, Priority], int]:
        """How many rows in each unfinished state and priority; zeros may be left out."""

    def oldest_queued(self) -> dict[Priority, Time]:
        """When the oldest queued execution of each band that has one was created."""

    # results

    def insert_result(self, result: Result) -> None:
        """Store the result of an execution that is finished in that attempt.

        A second insert under the same id changes nothing. In any other state nothing is kept:
        what comes after the end of an execution is never stored.
        """

    def result(self, result_id: str) -> Result | None: ...

    # events to be relayed

    def unrelayed(self, limit: int) -> list[tuple[str, list[Event]]]:
        """Executions with events that are not in the log yet, longest waiting first: id and those
        events in order.
        """

    def outbox(self, limit: int) -> tuple[int, Time | None]:
        """How many executions, counted up to `limit`, have events that are not in the log yet,
        and when the first of those was made.
        """

    def relayed(self, execution_id: str, version: int) -> None:
        """All events up to `version` are in the log. Never lowers the mark."""

    # dead letters

    def put_dead_letter(self, letter: DeadLetter) -> bool:
        """Insert it. False if one of that id exists."""

    def update_dead_letter(self, before: DeadLetter, after: DeadLetter) -> bool:
        """Compare-and-set on the whole letter."""

    def dead_letter(self, letter_id: str) -> DeadLetter | None: ...

    def list_dead_letters(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        """By id, descending, from the first id smaller than `before`."""

    def due_dead_letters(self, now: Time, limit: int) -> list[DeadLetter]:
        """Waiting or retrying ones whose `next_retry_at` has come, longest due first."""

    def count_dead_letters(self) -> dict[DeadLetterStatus, int]: ...

    # keys and idempotency

    def put_key(self, key: ApiKey) -> None: ...

    def key_by_hash(self, secret_hash: str) -> ApiKey | None: ...

    def list_keys(self) -> list[ApiKey]: ...

    def delete_key(self, key_id: str) -> bool: ...

    def fix_idempotency(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        """Insert the record, or return the one that is there already and has not expired."""

    def remove_expired_idempotency(self, now: Time, limit: int) -> int: ...

    # replays

    def put_replay(self, replay: Replay) -> None:
        """Insert a new session."""

    def update_replay(self, before: Replay, after: Replay) -> bool:
        """Compare-and-set: write `after` if the session's version is still `before`'s."""

    def replay(self, replay_id: str) -> Replay | None: ...

    def list_replays(self, before: str | None, limit: int) -> list[Replay]:
        """Newest first (by id), from the first id smaller than `before`."""

    def due_replays(self, now: Time, limit: int) -> list[Replay]:
        """Those whose `next_action_at` has come, longest due first."""

    def remove_replays_ended_before(self, time: Time, limit: int) -> int:
        """Remove up to `limit` sessions that ended before `time`, oldest first. How many went."""

    # languages

    def put_languages(self, languages: Sequence[Language]) -> None:
        """Replace what the runtime offers."""

    def languages(self) -> list[Language]:
        """What was put last; empty if nothing was."""

    def ping(self) -> None:
        """Return if the store answers reads and takes writes; else StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """What the admission queue knows of an execution."""

    execution_id: str
    owner: str
    priority: Priority
    entered_at: Time
    """When the execution was created: first come, first served in a band."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many slots there are in all, and for one owner."""

    total: int
    per_owner: int


class AdmissionQueue(Protocol):
    """Queue and slots. All of it can be lost; then `ready` is False until it was rebuilt.

    Owners take turns. An entry waits since it was created, or since its owner last took a slot or
    gave one back in its band, whichever is later. Its effective band is its band minus one for
    each `ageing_seconds` that it has waited. The next slot goes to the lowest effective band;
    within it, to the owner who holds the fewest slots; then to who has waited longest.

    Raises RedisUnavailable. Every operation costs the same however long the queue is and however
    many owners are in it.
    """

    def enter(self, entries: Sequence[QueueEntry]) -> None:
        """Queue them; one that is queued already, or holds a slot, stays as it is."""

    def take(self, caps: Caps, now: Time, limit: int) -> list[str]:
        """Take up to `limit` of the best entries that the caps allow; each holds a slot then.

        Nothing while the queue is not `ready`.
        """

    def leave(self, execution_id: str, now: Time) -> None:
        """Take it out of the queue and give its slot back, whichever it has. Idempotent."""

    def hold(self, entry: QueueEntry, now: Time) -> None:
        """Record a slot for an execution that has one by the database (after a loss)."""

    def position(self, execution_id: str) -> int | None:
        """An estimate: 1 for the next; None if it is not queued."""

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        """Which of them are queued or hold a slot."""

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        """Slots taken before that moment, oldest first."""

    def slots_used(self) -> int: ...

    def length(self) -> int: ...

    def ready(self) -> bool:
        """False after a loss, until `mark_ready`."""

    def mark_ready(self) -> None: ...

    def clear(self) -> None:
        """Forget all, the ready mark included: before a rebuild."""


class Leases(Protocol):
    """Named locks that free themselves. Raises RedisUnavailable."""

    def acquire(self, name: str, ttl_seconds: float) -> "Lease | None":
        """The lease, or None at once if somebody else has it."""


class Lease(Protocol):
    def renew(self) -> bool:
        """Hold it for another `ttl_seconds`; False if it was lost."""

    def release(self) -> None:
        """Give it back, if it is still ours."""


class Wakeups(Protocol):
    """Tells waiting API threads that an execution changed. A lost wake-up costs a delay only."""

    def notify(self, execution_id: str) -> None:
        """Does not raise where Redis is away: that is logged, and waiters look by themselves."""

    def listen(self, execution_id: str) -> "AbstractContextManager[Listener]":
        """Hear every `notify` of this execution from now on, until the context ends."""


class Listener(Protocol):
    def wait(self, timeout_seconds: float) -> bool:
        """Until the next notify that was not waited for yet: True; False after the time-out.

        Where Redis is away, or wakes nobody, it returns False within a second, so that the
        caller looks at the database instead.
        """


class LiveOutput(Protocol):
    """What running programs print, for those who watch. Capped, expiring.

    Raises RedisUnavailable.
    """

    def watch(self, execution_id: str) -> None:
        """Somebody watches it, for the next 30 s."""

    def watched(self) -> set[str]:
        """Executions that somebody watches now."""

    def append(self, pod_name: str, frames: Sequence[Frame]) -> None:
        """Add frames; those that are there already (by sequence) are ignored."""

    def read(self, pod_name: str, after: int) -> list[Frame]:
        """The frames with a sequence greater than `after`, in order; earlier ones may be gone."""

    def last(self, pod_name: str) -> int:
        """The sequence of the newest frame; 0 if there is none."""


class Parking(Protocol):
    """Holds failures that the store can't take now. Raises RedisUnavailable."""

    def park(self, letter: DeadLetter) -> None: ...

    def unpark(self, limit: int) -> list[DeadLetter]:
        """The oldest; each stays parked until `done`."""

    def done(self, letter: DeadLetter) -> None: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the log does not take, however often it is asked: not as it is set up now."""

    event: Event
    reason: str


class EventLog(Protocol):
    """The append-only log of domain events, as CloudEvents 1.0. Raises EventLogUnavailable."""

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        """Return once all of them are delivered, in this order per execution. At least once.

        But for those that it refuses, and what comes after each of them of the same execution.
        """

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        """Up to `limit` events behind a position (None: from the start) that fit the filter.

        In the log's order, which is that of versions within an execution. One call looks at a
        bounded part of the log. Events may come more than once, under the same id.
        Raises InvalidPosition.
        """

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        """Publish them once more, to another topic, with `replayid` and under their own ids.

        Returns once all of them are delivered, in this order per execution. Raises InvalidTarget
        for a topic that can't be had, or does not take one of them.
        """

    def check_target(self, target: str) -> None:
        """Raises InvalidTarget for a name that no topic can have, and for the log's own."""

    def ping(self) -> None: ...


class Runtime(Protocol):
    """Runs pods. Everything is idempotent; a pod is named by execution and attempt.

    Raises RuntimeUnavailable where the daemon or the API server is away.
    """

    def create(self, pod: Pod) -> None:
        """Accept the pod and start it as soon as possible. Once is enough: again does nothing.

        Raises RunRefused for a pod that can never run here.
        """

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        """What is known of it now; None if there is no such pod.

        A runtime that can waits up to `wait_seconds` for it to end. An end that was waited for
        in this way need not be told to the watchers too.
        """

    def output(self, name: str) -> Output | None:
        """All that an ended pod printed; None if that is gone."""

    def follow(self, name: str, after: int) -> list[Frame]:
        """What the run stage printed so far, from the first frame with a sequence > `after`.

        Returns at once, perhaps with nothing; nothing for a pod that does not exist.
        """

    def delete(self, name: str) -> None:
        """Kill it if it runs, and forget all of it. Returns when nothing of it runs any more."""

    def list_pods(self) -> list[str]:
        """The names of all pods there are."""

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        """The name of every pod whose phase changed from now on, until `stop()` is true.

        Returns once it hears of every change, so that a caller who lists after it misses nothing.
        Yields at most a second after `stop()`; ends with RuntimeUnavailable if the runtime goes.
        """

    def languages(self) -> list[Language]:
        """What can be run here, with versions."""

    def limits_held(self) -> list[HeldLimit]:
        """What holds each limit where pods run: every `LimitName` once, in order."""

    def ping(self) -> None: ...


class Pipeline(Protocol):
    """Publishes Celery messages. Raises BrokerUnavailable within a second."""

    def start(self, execution_id: str, state: State) -> None:
        """The chain from the step that this state calls for: `chain_from(state)`."""

    def replay(self, replay_id: str) -> None:
        """The next slice of a replay session."""

    def resend(self, queue: str, item: bytes) -> None:
        """Put a raw message back on its queue: to retry a poison message."""


class Databases(Protocol):
    """Databases beside the service's own, which rows are rebuilt into."""

    def check_target(self, url: str) -> str:
        """The URL as `open` takes it. Raises InvalidTarget for none, and for the service's own."""

    def open(self, url: str) -> AbstractContextManager[Store]:
        """The store there, made where there is none, for as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value as it is at this moment, once for each combination of its labels' values."""

    name: str
    """By the conventions of Prometheus: with the unit, such as `_seconds`, at the end."""
    help: str
    labels: tuple[str, ...]
    samples: Mapping[tuple[str, ...], float]


METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""


class Metrics(Protocol):
    """Counts what happens, for those who watch over the service. Raises nothing."""

    def execution_ended(self, execution: Execution) -> None:
        """It has become terminal."""

    def step_done(self, step: str, seconds: float) -> None:
        """A worker has done a step, in whichever way it ended."""

    def watch_restarted(self) -> None:
        """The watch of the runtime ended with an error, and begins again."""

    def request_answered(self, method: str, route: str, status: int) -> None:
        """The API has answered. A route has the names of its parameters, never their values."""

    def exposition(self, gauges: Sequence[Gauge] = ()) -> bytes:
        """All that was counted, and the gauges, in Prometheus' text format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that a use case may need. wiring.py makes it; tests make it of twins."""

    store: Store
    databases: Databases
    admission: AdmissionQueue
    leases: Leases
    wakeups: Wakeups
    live: LiveOutput
    parking: Parking
    event_log: EventLog
    runtime: Runtime
    pipeline: Pipeline
    metrics: Metrics
    clock: Callable[[], Time]
    policy: Policy


Health = Mapping[str, str | None]
"""Per dependency: None if it is well, else what is wrong with it."""
