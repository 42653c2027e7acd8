"""The bodies of responses about the service: what it offers, its load, its health."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from app.api.schemas import Answered, Limits, Moment
from app.domain.dead_letter import DeadLetterStatus
from app.domain.execution import State
from app.domain.language import Holder, LimitName
from app.domain.submission import Priority


class LimitSettings(Answered):
    """Defaults and maxima of one stage."""

    default: Limits
    maximum: Limits


class Language(Answered):
    name: str
    version: str
    source_name: str = Field(description="The file name of a single `source`.")
    compiled: bool
    aliases: list[str] = Field(description="Other names that `language` accepts.")
    suffixes: list[str] = Field(description="The suffixes of its files.")
    line_buffering: bool = Field(
        description="Whether it can print each line immediately: see `buffering`."
    )
    limits: LimitSettings = Field(description="Limits of the program.")
    compile_limits: Limits | None = Field(
        description="The defaults of its compile stage; null if it has none."
    )
    stack: str = Field(description="What `stack_mib` means for its programs.")
    artifacts: bool = Field(description="Whether files that its programs create can be kept.")
    packages: dict[str, str] = Field(
        description="The versions of the packages that its programs can use, by name."
    )


class LanguageList(Answered):
    items: list[Language]


class InputMaxima(Answered):
    """How large a submission can be, in bytes unless the name says otherwise."""

    submission_bytes: int = Field(description="The whole body.")
    files: int
    files_bytes: int
    file_name_bytes: int
    stdin_bytes: int
    args: int
    args_bytes: int
    env: int
    env_bytes: int
    tests: int
    test_files: int = Field(description="Of each test.")
    artifacts: int = Field(description="Patterns.")
    labels: int
    label_characters: int
    expected_output_bytes: int


class ArtifactMaxima(Answered):
    """What is kept of the files that a program created."""

    files: int
    bytes: int = Field(description="All files together.")


class LimitsInForce(Answered):
    limits: LimitSettings
    compile_limits: LimitSettings
    input: InputMaxima
    artifacts: ArtifactMaxima | None = Field(
        description="Null if a language can't keep any; see `artifacts` of each language."
    )
    max_input_bytes: int | None = Field(
        description="Files, and the inputs of all tests, of an execution together. "
        "Null if the runtime has no limit for them."
    )
    max_wall_seconds: float = Field(
        description="Wall time of all tests of an execution together. Others are skipped."
    )
    max_unfinished: int = Field(
        description="The quota of unfinished executions of the caller's owner."
    )


class HeldLimit(Answered):
    """What enforces one limit where programs run."""

    limit: LimitName
    by: Holder
    how: str = Field(description="The mechanism; with `nobody`, what a test of the limit showed.")


class HeldLimitList(Answered):
    items: list[HeldLimit]


class Slots(Answered):
    total: int
    used: int | None = Field(description="Null while Redis is unavailable.")
    free: int | None


class OwnersQueue(Answered):
    owner: str
    queued: int
    oldest_seconds: float | None = Field(description="How long its oldest one has been queued.")


class NotInLog(Answered):
    """Events that are not in the event log yet."""

    executions: int = Field(description="How many executions have such events, up to 10,000.")
    oldest_seconds: float | None = Field(description="Null if there are none.")


class Queue(Answered):
    """The unfinished executions."""

    counts: dict[State, dict[Priority, int]]
    owners: list[OwnersQueue] | None = Field(
        description="The ten longest queues; null while Redis is unavailable."
    )
    events_not_in_log: NotInLog
    slots: Slots
    oldest_queued_seconds: float | None = Field(description="Null if nothing is queued.")
    oldest_by_priority: dict[Priority, float] = Field(
        description="The same in seconds for each priority that has one."
    )


class Disk(Answered):
    """What the service has on the disk of this machine, in bytes."""

    parts: dict[str, int] = Field(description="What each part takes, as `du` counts it.")
    total_bytes: int = Field(description="All parts together.")
    free_bytes: int | None = Field(
        description="What is free on the disk, or on the fuller one of several; null if nothing is "
        "kept on this machine."
    )
    reserved_bytes: int = Field(description="With less than this free, no new work begins.")


class RunningStep(Answered):
    task: str
    subject_id: str | None = Field(description="The execution or replay; null for a tick.")
    started_at: Moment


class Worker(Answered):
    """A process that sent a heartbeat in the last minute."""

    name: str = Field(description="The host and the process id.")
    kind: Literal["worker", "beat", "watcher"]
    roles: list[str] = Field(description="The queues that it consumes; empty for beat.")
    version: str = Field(description="The release of Podline that it runs.")
    seen_at: Moment
    steps: list[RunningStep] = Field(description="What it was running at that time.")


class StartedAhead(Answered):
    """The pods of one language that are started ahead."""

    language: str
    version: str
    size: int = Field(description="How many there should be.")
    ready: int


class Place(Answered):
    """Where programs run."""

    name: str | None = Field(description="Of a sandbox host; null where there is one place.")
    draining: bool = Field(description="It takes no more programs, and ends with its last one.")
    slots: int
    free: int | None = Field(description="Null while Redis is unavailable.")
    languages: list[str] | None = Field(description="Null while the place is unavailable.")
    version: str | None = Field(
        description="The release of Podline that runs the sandbox; null while it is unavailable, "
        "and for a cluster."
    )
    started_ahead: list[StartedAhead] = Field(description="On a cluster, as the settings say.")


class Workers(Answered):
    items: list[Worker]
    places: list[Place]


class Percentiles(Answered):
    p50: float
    p95: float


class Minute(Answered):
    """What ended in a minute, or in `step` minutes."""

    start: Moment
    ended: dict[str, int] = Field(
        description="How many executions ended, by outcome, or `failed` or `cancelled`."
    )
    waiting_ms: Percentiles | None = Field(
        description="From submission to the start of the program; null if none had started."
    )
    running_ms: Percentiles | None
    queued: int | None = Field(description="The length of the queue; null if nobody looked.")


class Overview(Answered):
    queue: Queue
    minutes: list[Minute] = Field(description="Oldest first. The last one has not ended.")
    total: Minute = Field(description="All of these minutes together.")
    dead_letters: dict[DeadLetterStatus, int] = Field(
        description="How many there are; those without any are left out."
    )


class UsageDay(Answered):
    """What the executions that ended on one day used."""

    day: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    """In UTC."""
    owner: str | None = Field(description="Shown to operators only; otherwise null.")
    executions: int
    cpu_seconds: float
    stored_bytes: int = Field(description="Of output and artifacts.")


class UsageList(Answered):
    items: list[UsageDay]


class Alive(Answered):
    status: str


class Dependency(Answered):
    state: str = Field(description="`up` or `down`.")
    detail: str | None = Field(description="Why. Of a part, only with an operator's key.")


class Readiness(Answered):
    status: str = Field(
        description="`ready`, `degraded` (work is accepted and may wait), or `down`."
    )
    dependencies: dict[str, Dependency]
    parts: dict[str, Dependency] = Field(
        description="What does the work: workers, watcher, beat, its ticks, the queues, and what "
        "the sweep found in the last minute. Empty while Redis is unavailable."
    )
