"""What the API says about the service: what it offers, its load, its health."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from podline.models import Limits, Word


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """What the executions that ended on one day used."""

    day: str
    """In UTC, such as 2026-01-02."""
    executions: int
    cpu_seconds: float
    stored_bytes: int
    """Of output and artifacts."""
    owner: str | None = None
    """Known to operators only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactMaxima:
    """What is kept of the files that a program created."""

    files: int
    bytes: int
    """All files together."""


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
    artifacts: ArtifactMaxima | None = None
    """None: no files can be kept, or the service is too old to report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many executions may run at once. `used` and `free` are None while unknown."""

    total: int
    used: int | None
    free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the service has on the disk of the machine that responded, in bytes."""

    parts: Mapping[str, int]
    """What each part takes."""
    total_bytes: int
    """All parts together."""
    free_bytes: int | None
    """What is free there; None if the service keeps nothing on that machine."""
    reserved_bytes: int
    """With less than this free, no new work begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersQueue:
    """How many executions of an owner are queued."""

    owner: str
    queued: int
    oldest_seconds: float | None = None
    """How long its oldest execution has been queued; None from an older service."""


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
    oldest_by_priority: Mapping[str, float] = field(default_factory=dict)
    """The age of the oldest queued execution in seconds, for each priority that has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """A task that a worker was running."""

    task: str
    subject_id: str | None
    """The execution or replay; None for a tick."""
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker, its watcher, or beat, that sent a heartbeat in the last minute."""

    name: str
    kind: str
    """`worker`, `watcher` or `beat`."""
    roles: tuple[str, ...]
    version: str
    seen_at: datetime
    steps: tuple[RunningStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAhead:
    """The pods of one language that are started ahead on a cluster."""

    language: str
    version: str
    size: int
    """How many there should be."""
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where programs run."""

    slots: int
    free: int | None
    languages: tuple[str, ...] | None
    version: str | None = None
    """The release of Podline that runs the sandbox; None if it is not known."""
    name: str | None = None
    """Of a sandbox host; None where there is one place."""
    draining: bool = False
    """It takes no more programs, and ends with its last one."""
    started_ahead: tuple[StartedAhead, ...] = ()


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
    """What ended in one minute, or in `step` minutes."""

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
    total: Minute | None = None
    """All of these minutes together; None from an older service."""
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    """By status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One dependency or part of the service."""

    state: str
    """`up` or `down`."""
    detail: str | None
    """Why it is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the service can do its work, and what it depends on."""

    status: str
    """`ready`, `degraded` (submissions are accepted, but may wait), or `down`."""
    dependencies: Mapping[str, Dependency]
    parts: Mapping[str, Dependency] = field(default_factory=dict)
    """What does the work, such as `workers`, `beat` or `queues`. Empty from an older service, and
    while Redis is unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInToken:
    """Signs a browser in, once: open `<url>/sign-in#token=<token>`."""

    token: str = field(repr=False)
    expires_at: datetime
