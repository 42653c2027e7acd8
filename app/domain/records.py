"""What is stored beside executions, and how stores and the event log are asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.execution import Event, Time
from app.domain.pod import Output, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt printed and how it ended. Inserted once, never changed."""

    id: str
    """The name of the attempt's pod."""
    execution_id: str
    report: Report
    output: Output


class DeadLetterKind(StrEnum):
    TASK_ERROR = "task_error"
    """A step raised an error that nobody expected."""
    POISON = "poison"
    """A message that is no task of ours, or can't be decoded."""
    EXHAUSTED = "exhausted"
    """An execution that failed after all its attempts."""


class DeadLetterStatus(StrEnum):
    WAITING = "waiting"
    """Retried at `next_retry_at`."""
    RETRYING = "retrying"
    """A retry is on its way and has not ended yet."""
    RESOLVED = "resolved"
    """A retry did what had failed."""
    DISCARDED = "discarded"
    """An operator threw it away."""
    ARCHIVED = "archived"
    """Retried as often as the settings say, or can't be retried. An operator still can."""


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
    """The task's name, or `queue:<name>` for a message that is no task."""
    execution_id: str | None
    """The newest execution that it is about."""
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
    """What a key may do; each role may do all that the ones before it may."""

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
    """The owner of all that is submitted with the key."""
    role: Role
    secret_hash: str
    """SHA-256 of the key, hex. The key itself has 256 random bits, so no salt is needed."""
    created_at: Time
    max_unfinished: int | None = None
    """Unfinished executions of the owner at once; None for the service's own setting."""


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
    """Which events of the log are asked for."""

    since: Time | None = None
    until: Time | None = None
    """Not itself included."""
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
    """Those that fit; perhaps none, though more follow."""
    position: str
    """Where the next slice begins: plain text, good for as long as the log is."""
    at_end: bool
    """All that was in the log at the time of the call has been looked at."""


class LimitName(StrEnum):
    """All that is limited. `Limits` has the numbers; that of inodes follows from the disk."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    DISK = "disk"
    INODES = "inodes"


class Holder(StrEnum):
    """Who sees to it that a limit is not exceeded."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    """It looks, and kills."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What holds one limit where the runtime is."""

    limit: LimitName
    by: Holder
    how: str
    """The mechanism; with NOBODY, what was seen."""


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
    """The name that a single `source` gets, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names that it can be asked for by."""
    suffixes: tuple[str, ...] = ()
    """Of its files, such as .py."""
    line_buffering: bool = False
    """It can print each line immediately."""
    compile_needs: Mapping[str, int] = field(default_factory=dict)
    """Limits without which its compiler does not get far, by the names of Limits."""
    stack: str = STACK_OF_MAIN_THREAD
    """What `stack_mib` means for its programs."""
    accepts: Mapping[str, int] = field(default_factory=dict)
    """The most that the runtime accepts for a stage, by the names of Limits; others: any."""
