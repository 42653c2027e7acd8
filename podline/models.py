"""The API's responses as values. docs/api.md describes each field; times are in UTC."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from podline.errors import Problem, ProtocolError


class Word(StrEnum):
    """A word from the API. Unknown words, as from a newer service, become unnamed members."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_ = word._value_ = value
        return word


class State(Word):
    """How far the service has come with an execution."""

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
    CHECKER_ERROR = "checker_error"


class Limit(Word):
    """A limit that can stop a stage."""

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
    """What a key allows. Each role includes the ones before it."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


class TestOutcome(Word):
    """What became of a test: an outcome, or that it was skipped."""

    SUCCESS = "success"
    WRONG_OUTPUT = "wrong_output"
    RUNTIME_ERROR = "runtime_error"
    MEMORY_LIMIT = "memory_limit"
    TIME_LIMIT = "time_limit"
    OUTPUT_LIMIT = "output_limit"
    CHECKER_ERROR = "checker_error"
    SKIPPED = "skipped"


_NULL_MEANS_DEFAULT: Final = {"null_means_default": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one stage (compile or run) may use."""

    wall_seconds: float
    cpu_seconds: float
    memory_mib: int
    processes: int
    output_kib: int
    disk_mib: int
    stack_mib: int | None = None
    """None means `memory_mib` where a control group limits memory, and 8 elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileResult:
    """How the compiler ended, and what it printed."""

    exit_code: int | None
    signal: str | None
    stdout: str
    stderr: str
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None
    stopped_by: Limit | None = None
    cached: bool = False
    """No compiler ran, because the same program was compiled before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """The beginning of what a program printed, and how long all of it is.

    `stdout` and `stderr` show bytes that are not UTF-8 as U+FFFD. `stdout_bytes` and `stderr_bytes`
    are exact; they raise ProtocolError if the response's base64 is malformed.
    """

    stdout: str = field(default="", metadata=_NULL_MEANS_DEFAULT)
    """Its first 64 KiB; `stdout_size` says whether there is more."""
    stderr: str = field(default="", metadata=_NULL_MEANS_DEFAULT)
    stdout_truncated: bool = field(default=False, metadata=_NULL_MEANS_DEFAULT)
    """Whether the program printed more than its limit."""
    stderr_truncated: bool = field(default=False, metadata=_NULL_MEANS_DEFAULT)
    stdout_base64: str | None = None
    stderr_base64: str | None = None
    stdout_size: int | None = field(default=None, metadata={"name": "stdout_bytes"})
    """Bytes that the service stores."""
    stderr_size: int | None = field(default=None, metadata={"name": "stderr_bytes"})

    @property
    def stdout_bytes(self) -> bytes:
        return _exact(self.stdout, self.stdout_base64)

    @property
    def stderr_bytes(self) -> bytes:
        return _exact(self.stderr, self.stderr_base64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult(_Printed):
    """What became of one test."""

    name: str
    outcome: TestOutcome
    exit_code: int | None = None
    signal: str | None = None
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None
    stopped_by: Limit | None = None
    points: float = 0
    message: str | None = None
    """What the checker said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that the program created."""

    name: str
    """Relative to the working folder."""
    size: int = field(metadata={"name": "bytes"})
    sha256: str
    media_type: str
    """What the suffix of the name stands for."""
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that was asked for, and is not kept."""

    name: str | None
    """None for several files, which the reason counts."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(_Printed):
    """How the program ended, and what it printed. With tests, each test has its own."""

    exit_code: int | None
    signal: str | None
    """A name such as SIGSEGV, in which case `exit_code` is None."""
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None
    stopped_by: Limit | None = None
    """The limit that stopped the program."""
    compile: CompileResult | None = None
    tests: tuple[TestResult, ...] | None = None
    """None without tests; empty after a compile error."""
    points: float | None = None
    points_max: float | None = None
    artifacts: tuple[Artifact, ...] = ()
    """Files that the submission asked for, by name."""
    artifacts_left_out: tuple[LeftOut, ...] = ()


def _exact(text: str, base64: str | None) -> bytes:
    try:
        return text.encode() if base64 is None else b64decode(base64, validate=True)
    except ValueError:
        raise ProtocolError("output is not valid base64") from None


class CallbackState(Word):
    """How far the service has come with a callback."""

    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """How far the service has come with sending the execution to its `callback_url`."""

    state: CallbackState
    attempts: int
    next_at: datetime | None = None
    """When it is sent next; None unless it is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One accepted submission."""

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
    """An estimate: 1 for the next execution to run. None unless it is queued."""
    message: str | None = None
    """Why the last attempt or the execution failed, or that a limit stopped the compiler."""
    created_at: datetime
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    completed_at: datetime | None = None
    retry_of: str | None = None
    retried_as: str | None = None
    callback: Callback | None = None
    """None without a `callback_url`."""
    batch_id: str | None = None
    owner: str | None = None
    """Shown to operators only."""
    result: Result | None = None
    """None before the verdict, for failed or cancelled executions, and in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """What became of one program of a batch: one of the two is None."""

    execution: Execution | None = None
    """Without its result."""
    problem: Problem | None = None
    """Why the program was refused, or that its execution was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Programs that were submitted in one request."""

    id: str
    created_at: datetime
    unfinished: int
    """How many of the executions are not terminal."""
    items: tuple[BatchItem, ...]
    """In the order in which the programs were submitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The record of one transition of one execution."""

    id: str
    type: str
    version: int
    time: datetime
    data: Mapping[str, object]


class Holder(Word):
    """What enforces a limit."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What enforces one limit in the place where programs run."""

    limit: str
    """wall, cpu, memory, processes, output, disk or inodes."""
    by: Holder
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRange:
    """The limits that apply by default, and the most that a submission may ask for."""

    default: Limits
    maximum: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that the service can run."""

    name: str
    version: str
    source_name: str
    """The file name for a single `source`, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names for the language."""
    suffixes: tuple[str, ...] = ()
    """The suffixes of its files, such as .py."""
    line_buffering: bool = False
    """Whether its programs can print each line immediately."""
    compile_limits: Limits | None = None
    """The default limits of its compile stage, if it has one."""
    stack: str | None = None
    """What `stack_mib` means for its programs."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages that its programs can use, by name."""
    limits: LimitRange | None = None
    """The limits of the run stage; None if the service is too old to report them."""


class ReplayMode(Word):
    """What a replay does with the events that match its filter."""

    REEMIT = "reemit"
    REBUILD = "rebuild"
    RESUBMIT = "resubmit"


class ReplayStatus(Word):
    """How far the service has come with a replay."""

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
    """A replay of a part of the event log. docs/replay.md describes each mode."""

    id: str
    mode: ReplayMode
    since: datetime | None = field(metadata={"name": "from"})
    until: datetime | None = field(metadata={"name": "to"})
    """Exclusive."""
    types: tuple[str, ...]
    executions: tuple[str, ...]
    target: str | None
    """With any password removed."""
    dry_run: bool
    requested_by: str
    status: ReplayStatus
    matched: Mapping[str, int]
    """How many events match the filter, by type."""
    done: int
    """In a dry run, what would be done."""
    skipped: Mapping[str, int]
    """What was skipped, by reason."""
    error: str | None
    """Why it failed, or what it waits for."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """The record of something that failed and that no other part of the service repairs."""

    id: str
    kind: str
    status: str
    origin: str
    """The task's name, or `queue:<name>` for a message that is not a task."""
    execution_id: str | None
    payload: str | None
    """Poison only: the raw message, in base64."""
    error: str
    attempts: int
    retries: int
    first_failed_at: datetime
    last_failed_at: datetime
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key without its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    max_unfinished: int | None = None
    requests: str | None = None
    """Such as `10/s`."""
    cpu_day: float | None = None
    """CPU seconds in a day (UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """What the executions that ended on one day used."""

    day: str
    """In UTC, such as 2026-01-02."""
    executions: int
    cpu_seconds: float
    stored_bytes: int
    """Of output and artifacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(Key):
    """A new key. `key` is its secret, which the service shows only once."""

    key: str = field(repr=False)
    callback_secret: str | None = field(default=None, repr=False)
    """Signs callbacks; shown only once. None if the service can't sign them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedSecret:
    """The new secret that signs a key's callbacks, which the service shows only once."""

    callback_secret: str = field(repr=False)
    previous_valid_until: datetime
    """Until then, the previous secret signs too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsInForce:
    """The limits that the service applies to submissions."""

    limits: LimitRange
    compile_limits: LimitRange
    input: Mapping[str, int]
    """The maximum size of each part of a submission, by name."""
    max_unfinished: int
    """The most unfinished executions that the key's owner may have."""
    max_input_bytes: int | None = None
    """Files, and the inputs of all tests, together. None: the runtime has no limit for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many executions may run at once. `used` and `free` are None while unknown."""

    total: int
    used: int | None
    free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersQueue:
    """How many executions of an owner are queued."""

    owner: str
    queued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInLog:
    """Events that are not in the event log yet."""

    executions: int
    """How many executions have such events, counted up to 10,000."""
    oldest_seconds: float | None
    """None if there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many executions are queued and running."""

    counts: Mapping[str, Mapping[str, int]]
    """The number of executions by state, then by priority."""
    slots: Slots
    oldest_queued_seconds: float | None
    """None if nothing is queued."""
    owners: tuple[OwnersQueue, ...] | None = None
    """The ten longest queues; None while unknown, and from an older service."""
    events_not_in_log: NotInLog | None = None
    """None from an older service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """A task that a worker was running."""

    task: str
    subject_id: str | None
    """The execution or replay; None for a tick."""
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker, or beat, that sent a heartbeat in the last minute."""

    name: str
    kind: str
    """`worker` or `beat`."""
    roles: tuple[str, ...]
    version: str
    seen_at: datetime
    steps: tuple[RunningStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where programs run."""

    slots: int
    free: int | None
    languages: tuple[str, ...] | None
    version: str | None = None
    """The release of Podline that runs the sandbox; None if it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Which processes do the work, and where programs run."""

    items: tuple[Worker, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """In milliseconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What ended in one minute."""

    start: datetime
    ended: Mapping[str, int]
    """By outcome, or `failed` or `cancelled`."""
    waiting_ms: Percentiles | None
    running_ms: Percentiles | None
    queued: int | None
    """The length of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The queue, and what ended in each of the last minutes, oldest first."""

    queue: Queue
    minutes: tuple[Minute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One dependency of the service."""

    state: str
    """`up` or `down`."""
    detail: str | None
    """Why it is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the service can do its work, and what it depends on."""

    status: str
    """`ready`, `degraded` (submissions are accepted, but must wait), or `down`."""
    dependencies: Mapping[str, Dependency]
