"""What the API answers, as values. docs/api.md describes each field; times are UTC."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from podline.errors import ProtocolError


class Word(StrEnum):
    """A word of the API. A newer service may use others: any text becomes a member, unnamed."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_ = word._value_ = value
        return word


class State(Word):
    """How far the service's work on an execution is."""

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
        return self in (State.COMPLETED, State.FAILED, State.CANCELLED)


class Outcome(Word):
    """What became of the program."""

    SUCCESS = "success"
    WRONG_OUTPUT = "wrong_output"
    RUNTIME_ERROR = "runtime_error"
    MEMORY_LIMIT = "memory_limit"
    TIME_LIMIT = "time_limit"
    OUTPUT_LIMIT = "output_limit"
    COMPILE_ERROR = "compile_error"


class Limit(Word):
    """A limit that can end a stage."""

    WALL = "wall_seconds"
    CPU = "cpu_seconds"
    MEMORY = "memory_mib"
    OUTPUT = "output_kib"


class Priority(Word):
    """The bands of admission, most urgent first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BACKGROUND = "background"


class Role(Word):
    """What a key may do; each role may do all that the ones before it may."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one stage (the compiler, or the program) may use at most."""

    wall_seconds: float
    cpu_seconds: float
    memory_mib: int
    processes: int
    output_kib: int
    disk_mib: int
    stack_mib: int | None = None
    """None: the same as `memory_mib` where a control group limits memory, else 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileResult:
    """How the compiler ended, and what it said."""

    exit_code: int | None
    signal: str | None
    stdout: str
    stderr: str
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None
    stopped_by: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How the program ended, and what it printed.

    `stdout` and `stderr` have U+FFFD for what is not UTF-8; the `_bytes` are exact, and raise
    ProtocolError if the answer's base64 is malformed.
    """

    exit_code: int | None
    signal: str | None
    """A name such as SIGSEGV; `exit_code` is None then."""
    stdout: str
    stderr: str
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    stdout_base64: str | None = None
    stderr_base64: str | None = None
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None
    stopped_by: Limit | None = None
    """The limit that ended the program."""
    compile: CompileResult | None = None

    @property
    def stdout_bytes(self) -> bytes:
        return _exact(self.stdout, self.stdout_base64)

    @property
    def stderr_bytes(self) -> bytes:
        return _exact(self.stderr, self.stderr_base64)


def _exact(text: str, base64: str | None) -> bytes:
    try:
        return text.encode() if base64 is None else b64decode(base64, validate=True)
    except ValueError:
        raise ProtocolError("output that is not base64") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A program that was submitted."""

    id: str
    state: State
    outcome: Outcome | None
    language: str
    version: str
    priority: Priority
    attempt: int
    labels: Mapping[str, str]
    limits: Limits
    queue_position: int | None = None
    """An estimate: 1 for the next one to run. None unless it is queued."""
    message: str | None = None
    """Why the last attempt ended, or why it failed; or that a limit stopped the compiler."""
    created_at: datetime
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    completed_at: datetime | None = None
    retry_of: str | None = None
    retried_as: str | None = None
    result: Result | None = None
    """None before the verdict, for failed and cancelled executions, and in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A domain event: one transition of one execution."""

    id: str
    type: str
    version: int
    time: datetime
    data: Mapping[str, object]


class Holder(Word):
    """Who sees to it that a limit is not exceeded."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What holds one limit where programs run."""

    limit: str
    """wall, cpu, memory, processes, output, disk or inodes."""
    by: Holder
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRange:
    """What is given where nothing is asked for, and the most that may be."""

    default: Limits
    maximum: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that programs can be written in."""

    name: str
    version: str
    source_name: str
    """The name that a single `source` gets, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names that it can be asked for by."""
    suffixes: tuple[str, ...] = ()
    """Of its files, such as .py."""
    line_buffering: bool = False
    """It can print each line immediately."""
    compile_limits: Limits | None = None
    """The defaults of its compile stage, if it has one."""
    stack: str | None = None
    """What `stack_mib` means for its programs."""
    limits: LimitRange | None = None
    """Of the program itself; None if the service is too old to report it."""


class ReplayMode(Word):
    """What a replay does with the events of the log that its filter fits."""

    REEMIT = "reemit"
    REBUILD = "rebuild"
    RESUBMIT = "resubmit"


class ReplayStatus(Word):
    """How far a replay is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self not in (ReplayStatus.PENDING, ReplayStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A part of the event log that is done again. docs/replay.md tells what each mode does."""

    id: str
    mode: ReplayMode
    since: datetime | None = field(metadata={"name": "from"})
    until: datetime | None = field(metadata={"name": "to"})
    """Not itself included."""
    types: tuple[str, ...]
    executions: tuple[str, ...]
    target: str | None
    """Without the password in it."""
    dry_run: bool
    requested_by: str
    status: ReplayStatus
    matched: Mapping[str, int]
    """Events that the filter fits, by type."""
    done: int
    """In a dry run: what would be done."""
    skipped: Mapping[str, int]
    """What was left alone, by reason."""
    error: str | None
    """Why it failed, or what it waits for."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that failed and was kept."""

    id: str
    kind: str
    status: str
    origin: str
    """The task, or `queue:<name>` for a message that is no task."""
    execution_id: str | None
    payload: str | None
    """Poison only: the raw message, base64."""
    error: str
    attempts: int
    retries: int
    first_failed_at: datetime
    last_failed_at: datetime
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key, without the secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    max_unfinished: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(Key):
    """A key just made: `key` is the secret, shown this once."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsInForce:
    """What may be asked for."""

    limits: LimitRange
    compile_limits: LimitRange
    input: Mapping[str, int]
    """How large a submission may be, by name."""
    max_unfinished: int
    """Executions of the caller's owner at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many executions may run at once; `used` and `free` are None while that is not known."""

    total: int
    used: int | None
    free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits and what runs."""

    counts: Mapping[str, Mapping[str, int]]
    """By state, then by priority."""
    slots: Slots
    oldest_queued_seconds: float | None
    """None if nothing is queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A part that the service leans on."""

    state: str
    """`up` or `down`."""
    detail: str | None
    """What is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the service can do its work."""

    status: str
    """`ready`, `degraded` (work is accepted, and waits), or `down`."""
    dependencies: Mapping[str, Dependency]
