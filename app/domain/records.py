"""What is stored beside executions, and the filters for stores and the event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.execution import Event, Time
from app.domain.pod import Output, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt printed, and how it ended. Inserted once and never changed."""

    id: str
    """The name of the attempt's pod."""
    execution_id: str
    report: Report
    output: Output


class DeadLetterKind(StrEnum):
    TASK_ERROR = "task_error"
    """A step raised an unexpected error."""
    POISON = "poison"
    """A message that Podline has no task for, or that can't be decoded."""
    EXHAUSTED = "exhausted"
    """An execution that failed after all its attempts."""


class DeadLetterStatus(StrEnum):
    WAITING = "waiting"
    """Retried at `next_retry_at`."""
    RETRYING = "retrying"
    """A retry is in progress."""
    RESOLVED = "resolved"
    """A retry succeeded, or nothing is left to do."""
    DISCARDED = "discarded"
    """An operator discarded it."""
    ARCHIVED = "archived"
    """Retried as often as the settings allow, or can't be retried automatically."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that failed and must not be lost.

    `id` is derived from what failed (kind, origin, and execution or message), so a failure that
    repeats itself is one letter with a count, not a stream of letters.
    """

    id: str
    kind: DeadLetterKind
    status: DeadLetterStatus
    origin: str
    """The task's name, or `queue:<name>` for a message that is not a task."""
    execution_id: str | None
    """The newest execution concerned."""
    payload: str | None
    """Poison only: the raw message, base64, cut at 16 KiB."""
    error: str
    """Class and message. Never user code or output."""
    attempts: int
    """How often it failed."""
    retries: int
    """How often it was retried."""
    first_failed_at: Time
    last_failed_at: Time
    next_retry_at: Time | None


class Role(StrEnum):
    """What a key allows; each role includes the ones before it."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored. Keys of the same name belong to the same owner."""

    id: str
    name: str
    """The owner of everything that is submitted with the key."""
    role: Role
    secret_hash: str
    """SHA-256 of the key, hex. The key itself has 256 random bits, so no salt is needed."""
    created_at: Time
    max_unfinished: int | None = None
    """The owner's quota of unfinished executions; None for the service's setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """Fixes the id of the execution that an Idempotency-Key stands for, before it is inserted."""

    key_hash: str
    """SHA-256 of owner and Idempotency-Key, hex."""
    body_hash: str
    execution_id: str
    expires_at: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions a listing shows. None means any."""

    owner: str | None = None
    state: str | None = None
    outcome: str | None = None
    language: str | None = None
    labels: Mapping[str, str] | None = None


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


class LimitName(StrEnum):
    """Everything that is limited. `Limits` has the values; inodes follow from the disk."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    DISK = "disk"
    INODES = "inodes"


class Holder(StrEnum):
    """Who enforces a limit."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    """It measures, and kills."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What enforces one limit where programs run."""

    limit: LimitName
    by: Holder
    how: str
    """The mechanism; with NOBODY, what a test of the limit showed."""


STACK_OF_MAIN_THREAD: Final = (
    "The stack of the main thread, and the default of others (RLIMIT_STACK, soft and hard). "
    "Null: as much as memory_mib where a control group limits memory, else 8 MiB."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language as a runtime offers it."""

    name: str
    version: str
    source_name: str
    """The file name of a single `source`, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names that a submission can use."""
    suffixes: tuple[str, ...] = ()
    """The suffixes of its files, such as .py."""
    line_buffering: bool = False
    """It can print each line immediately."""
    compile_needs: Mapping[str, int] = field(default_factory=dict)
    """The lowest limits that its compiler works with, by the names of Limits."""
    stack: str = STACK_OF_MAIN_THREAD
    """What `stack_mib` means for its programs."""
    accepts: Mapping[str, int] = field(default_factory=dict)
    """The runtime's own maxima for a stage, by the names of Limits."""
