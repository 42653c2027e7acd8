"""The state machine of one execution: states, the table of transitions, outcomes, events.

Everything here is a value. A transition is a `Change`: the execution before, the execution
after, and the one event that records it. A store writes all of it in one compare-and-set, so
state and event can't disagree.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from app.domain.callback import SHORTEST_PAUSE_SECONDS, Callback
from app.domain.errors import IllegalTransition
from app.domain.language import language_key, needed
from app.domain.submission import MAX_DOOR_DATA_BYTES, Checker, Limits, Priority, Submission
from app.domain.times import MILLISECOND as MILLISECOND
from app.domain.times import SECOND as SECOND
from app.domain.times import Time as Time


class State(StrEnum):
    QUEUED = "queued"
    ADMITTED = "admitted"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return not TRANSITIONS[self]

    @property
    def holds_slot(self) -> bool:
        return self in HOLDS_SLOT


TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.ADMITTED, State.CANCELLED, State.FAILED}),
    State.ADMITTED: frozenset({State.STARTING, State.CANCELLED, State.FAILED}),
    State.STARTING: frozenset(
        {State.RUNNING, State.FINISHED, State.QUEUED, State.CANCELLED, State.FAILED}
    ),
    State.RUNNING: frozenset({State.FINISHED, State.QUEUED, State.CANCELLED, State.FAILED}),
    State.FINISHED: frozenset({State.COMPLETED, State.QUEUED, State.CANCELLED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

HOLDS_SLOT: Final = frozenset({State.ADMITTED, State.STARTING, State.RUNNING, State.FINISHED})
HAS_POD: Final = frozenset({State.STARTING, State.RUNNING, State.FINISHED})
UNFINISHED: Final = frozenset(state for state in State if TRANSITIONS[state])
TERMINAL: Final = frozenset(State) - UNFINISHED


class Outcome(StrEnum):
    """What became of the program. The state says what became of the service's work."""

    SUCCESS = "success"
    WRONG_OUTPUT = "wrong_output"
    RUNTIME_ERROR = "runtime_error"
    MEMORY_LIMIT = "memory_limit"
    TIME_LIMIT = "time_limit"
    OUTPUT_LIMIT = "output_limit"
    COMPILE_ERROR = "compile_error"
    CHECKER_ERROR = "checker_error"
    """The checker gave no verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the program ended. One of `exit_code` and `signal` is set, unless it never ran."""

    outcome: Outcome
    exit_code: int | None
    signal: str | None
    started_at: Time
    finished_at: Time
    wrong_runs: tuple[int, ...] | None = None
    """The indices of the runs whose output is wrong; None if an earlier version judged."""


@dataclass(frozen=True, slots=True)
class Event:
    """One domain event. It never contains source, input or output."""

    execution_id: str
    version: int
    type: str
    time: Time
    data: Mapping[str, object]
    traceparent: str | None = None
    """The trace that it is part of, for whoever reads the log. Only known on its way there."""

    @property
    def id(self) -> str:
        return f"{self.execution_id}.{self.version}"


EVENT_VERSION: Final = 1
"""Of the events' data. A change that a consumer could misread raises it; a new field does not."""


def event_type(state: State) -> str:
    """The CloudEvents `type` of the transition into `state`."""
    return f"podline.execution.{state}.v{EVENT_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One row: what is true of one execution. The program is stored beside it."""

    id: str
    owner: str
    language: str
    language_version: str
    priority: Priority
    labels: Mapping[str, str]
    limits: Limits
    compile_limits: Limits
    root: str
    """The first execution of a series of retries; its own id if it is not a retry."""
    retry_of: str | None = None
    retried_as: str | None = None
    batch_id: str | None = None
    """The batch that it was submitted in."""
    tests: int = 0
    """How many it has; 0 for a single run."""
    has_checker: bool = False
    checker_language: str | None = None
    """The key of its checker's language, which the host of the program needs as well. None if it
    has no checker. The event log does not have it.
    """

    state: State = State.QUEUED
    version: int = 1
    attempt: int = 0
    """The number of attempts that were started."""
    place: str | None = None
    """Where the attempt's pod is, or is about to be made; None while that is undecided, and where
    a pod's name says enough.
    """
    tries: Mapping[str, int] = field(default_factory=dict)
    """How often each step was begun since the last transition, by step."""
    start_deadline: Time | None = None
    message: str | None = None
    """Why the last attempt ended, or why the execution failed. Once completed: why the compiler
    made no program.
    """
    outcome: Outcome | None = None
    exit_code: int | None = None
    signal: str | None = None
    wrong_runs: tuple[int, ...] | None = None
    """As in its verdict, until its result is stored."""
    result_id: str | None = None

    created_at: Time
    admitted_at: Time | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    ended_at: Time | None = None
    """When it became terminal, in any of the three ways."""
    next_action_at: Time | None
    """When it is due for the sweep; None once it is terminal and cleaned up."""
    held_until: Time | None = None
    """Until then no step is begun, because one in progress takes long."""
    erased: bool = False
    """Program and result were deleted by the user."""
    rebuilt_at: Time | None = None
    """When a replay wrote the row from the event log; None for other rows. Never worked on."""
    key_id: str | None = None
    """The API key with which it was submitted; None if an earlier version accepted it."""
    cpu_us: int | None = None
    """CPU time of its program and compiler; None until it is terminal."""
    stored_bytes: int | None = None
    """Of its output and artifacts."""
    usage_at: Time | None = None
    """When it ended, until its usage has been folded into that day."""
    callback: Callback | None = None
    """Where to send it once it is terminal. The event log does not have it."""
    door_data: str | None = field(default=None, repr=False)
    """That of its submission, here so that a door can show the row alone. Erased with it."""
    traceparent: str | None = None
    """The trace of the request that submitted it, which everything that is done for it continues.

    None without traces. https://www.w3.org/TR/trace-context/#traceparent-header
    """

    @property
    def languages(self) -> str:
        """Those that its host has to offer, as `needed` names them."""
        return needed(language_key(self.language, self.language_version), self.checker_language)

    @property
    def pod(self) -> str:
        """The name of the current attempt's pod."""
        return pod_name(self.id, self.attempt)

    def checker_pod(self, number: int = 1) -> str:
        """The name of the first, second … pod in which the checker judges the current attempt.

        A runtime may add a number of its own, so this one follows the letter.
        """
        return f"{self.pod}-c{number if number > 1 else ''}"

    @property
    def unnamed_results(self) -> list[str]:
        """Ids of results that its attempts may have left, except the one that the row names."""
        ids = (pod_name(self.id, attempt) for attempt in range(1, self.attempt + 1))
        return [id for id in ids if id != self.result_id]

    # Each method below is one row of the table of states in docs/architecture.md.

    def admit(self, now: Time, next_action_at: Time) -> "Change":
        return self._to(State.ADMITTED, now, admitted_at=now, next_action_at=next_action_at)

    def start(self, now: Time, next_action_at: Time, start_deadline: Time) -> "Change":
        return self._to(
            State.STARTING,
            now,
            attempt=self.attempt + 1,
            place=None,
            start_deadline=start_deadline,
            next_action_at=next_action_at,
        )

    def run(self, now: Time, next_action_at: Time, started_at: Time) -> "Change":
        return self._to(State.RUNNING, now, started_at=started_at, next_action_at=next_action_at)

    def finish(self, now: Time, next_action_at: Time, verdict: Verdict) -> "Change":
        return self._to(
            State.FINISHED,
            now,
            outcome=verdict.outcome,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            wrong_runs=verdict.wrong_runs,
            started_at=verdict.started_at,
            finished_at=verdict.finished_at,
            next_action_at=next_action_at,
        )

    def complete(
        self,
        now: Time,
        next_action_at: Time,
        message: str | None = None,
        *,
        cpu_us: int = 0,
        stored_bytes: int = 0,
    ) -> "Change":
        return self._to(
            State.COMPLETED,
            now,
            result_id=self.pod,
            wrong_runs=None,
            message=message,
            ended_at=now,
            cpu_us=cpu_us,
            stored_bytes=stored_bytes,
            usage_at=now,
            next_action_at=next_action_at,
            # Whoever completes it sends the callback at once; this is for when they can't.
            callback=self._pending(now, now + SHORTEST_PAUSE_SECONDS * SECOND),
        )

    def requeue(self, now: Time, next_action_at: Time, message: str) -> "Change":
        """Queue another attempt, which enters the queue at `next_action_at`."""
        return self._to(
            State.QUEUED, now, message=message, next_action_at=next_action_at, **_NO_VERDICT
        )

    def give_back(self, now: Time, next_action_at: Time, message: str) -> "Change":
        """Queue it again, because there is no room for its pod: the attempt has not begun."""
        return self._to(
            State.QUEUED,
            now,
            attempt=self.attempt - 1,
            place=None,
            message=message,
            next_action_at=next_action_at,
            **_NO_VERDICT,
        )

    def fail(self, now: Time, next_action_at: Time, message: str) -> "Change":
        return self._to(
            State.FAILED,
            now,
            message=message,
            ended_at=now,
            cpu_us=0,
            stored_bytes=0,
            usage_at=now,
            next_action_at=next_action_at,
            callback=self._pending(now, now),
            **_NO_VERDICT,
        )

    def cancel(self, now: Time, next_action_at: Time) -> "Change":
        return self._to(
            State.CANCELLED,
            now,
            ended_at=now,
            cpu_us=self._ran_us(now),
            stored_bytes=0,
            usage_at=now,
            next_action_at=next_action_at,
            callback=self._pending(now, now),
            **_NO_VERDICT,
        )

    def _ran_us(self, now: Time) -> int:
        """How long the program has run: nobody measures the CPU time of one that is cancelled."""
        if self.started_at is None:
            return 0
        return max((self.finished_at or now) - self.started_at, 0)

    def _pending(self, now: Time, next_at: Time) -> Callback | None:
        return self.callback and self.callback.pending(now, next_at)

    def _to(self, state: State, now: Time, **facts: object) -> "Change":
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.id} is {self.state} and can't become {state}")
        after = replace(
            self,
            state=state,
            version=self.version + 1,
            tries={},
            held_until=None,
            **facts,  # type: ignore[arg-type]  # names and types are those of the methods above
        )
        return Change(self, after, _event(after, now, previous=self.state))


CHANGED_BY_TRANSITION: Final = (
    "state",
    "version",
    "attempt",
    "tries",
    "start_deadline",
    "message",
    "outcome",
    "exit_code",
    "signal",
    "wrong_runs",
    "result_id",
    "admitted_at",
    "started_at",
    "finished_at",
    "ended_at",
    "next_action_at",
    "held_until",
    "cpu_us",
    "stored_bytes",
    "usage_at",
    "callback",
)
"""What a store writes in `apply`. `retried_as` and `erased` are written separately. So is `place`,
which a transition only clears, with a new attempt: what another process has written stays.
"""

_NO_VERDICT: Final[Mapping[str, None]] = {
    "start_deadline": None,
    "outcome": None,
    "exit_code": None,
    "signal": None,
    "wrong_runs": None,
    "started_at": None,
    "finished_at": None,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One transition. A store writes `after` and `event` if id and version are still `before`'s.

    The version identifies state and attempt, because only transitions raise it.
    """

    before: Execution
    after: Execution
    event: Event


def pod_name(execution_id: str, attempt: int) -> str:
    return f"{execution_id.lower()}-{attempt}"


_POD_NAME: Final = re.compile(r"([^-]+)-([0-9]+)(?:-c[0-9]*)?(?:-[0-9]+)?")
"""Checkers have pods of their own, and a runtime may need several pods for one."""


def owner_of_pod(name: str) -> tuple[str, int]:
    """The execution's id and the attempt of a pod's name. Raises ValueError for other names."""
    found = _POD_NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"not the name of one of our pods: {name!r}")
    return found[1].upper(), int(found[2])


def callback_of(submission: Submission, key_id: str, generation: int) -> Callback | None:
    """The callback of a program that was submitted with that key."""
    if submission.callback_url is None:
        return None
    return Callback(
        url=submission.callback_url,
        key_id=key_id,
        generation=generation,
        form=submission.callback_form,
    )


def accept(
    submission: Submission,
    *,
    id: str,
    owner: str,
    now: Time,
    next_action_at: Time,
    retry_of: Execution | None = None,
    callback: Callback | None = None,
    key_id: str | None = None,
    batch_id: str | None = None,
    traceparent: str | None = None,
) -> tuple[Execution, Event]:
    """A new execution, queued, and its first event. A retry keeps the key of what it retries.

    Raises ValueError if the submission's door data is too long.
    """
    if len((submission.door_data or "").encode()) > MAX_DOOR_DATA_BYTES:
        raise ValueError(f"door data has more than {MAX_DOOR_DATA_BYTES} bytes")
    if retry_of is not None:
        key_id = retry_of.key_id
        callback = retry_of.callback and retry_of.callback.again()
    execution = Execution(
        id=id,
        owner=owner,
        language=submission.language,
        language_version=submission.language_version,
        priority=submission.priority,
        labels=submission.labels,
        limits=submission.limits,
        compile_limits=submission.compile_limits,
        root=retry_of.root if retry_of else id,
        retry_of=retry_of.id if retry_of else None,
        batch_id=batch_id,
        tests=len(submission.tests),
        has_checker=submission.checker is not None,
        checker_language=_key_of_checker(submission.checker),
        created_at=now,
        next_action_at=next_action_at,
        key_id=key_id,
        callback=callback,
        door_data=submission.door_data,
        traceparent=traceparent,
    )
    return execution, _event(execution, now, previous=None)


def _key_of_checker(checker: Checker | None) -> str | None:
    return None if checker is None else language_key(checker.language, checker.language_version)


def _event(after: Execution, now: Time, *, previous: State | None) -> Event:
    data: dict[str, object] = {
        "execution_id": after.id,
        "version": after.version,
        "owner": after.owner,
        "state": str(after.state),
        "previous": str(previous) if previous else None,
        "attempt": after.attempt,
        "message": after.message,
    }
    if previous is None:
        data |= _first_facts(after)
    for name in _FACTS_OF.get(after.state, ()):
        fact = getattr(after, name)
        data[name] = str(fact) if isinstance(fact, StrEnum) else fact
    return Event(after.id, after.version, event_type(after.state), now, data)


_FACTS_OF: Final[Mapping[State, Sequence[str]]] = {
    State.STARTING: ("start_deadline",),
    State.RUNNING: ("started_at",),
    State.FINISHED: ("outcome", "exit_code", "signal", "started_at", "finished_at"),
    State.COMPLETED: ("outcome", "result_id"),
}
"""What the event of a transition into the state has besides what all events have."""


def _first_facts(execution: Execution) -> dict[str, object]:
    return {
        "language": execution.language,
        "language_version": execution.language_version,
        "priority": str(execution.priority),
        "labels": dict(execution.labels),
        "limits": _limits(execution.limits),
        "compile_limits": _limits(execution.compile_limits),
        "root": execution.root,
        "retry_of": execution.retry_of,
        "batch_id": execution.batch_id,
        "tests": execution.tests,
        "has_checker": execution.has_checker,
    }


def _limits(limits: Limits) -> dict[str, float | None]:
    return {name: getattr(limits, name) for name in Limits.__slots__}
