"""Executions, their results, batches and events, as the API returns them.

docs/api.md describes each field. Times are in UTC.
"""

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
    place: str | None = None
    """Where its last attempt ran, if there are several places. Shown to operators only."""
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
