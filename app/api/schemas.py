"""The bodies of responses."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from app.api.problems import Problem
from app.domain.api_key import Role
from app.domain.callback import CallbackState
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import Outcome, State
from app.domain.language import Holder, LimitName
from app.domain.replay import ReplayMode, ReplayStatus, Skipped
from app.domain.report import Limit
from app.domain.submission import Priority

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339 in UTC with microseconds, so that text order is time order."""


class Answered(BaseModel):
    """Base of responses. Every field is always present."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Limits(Answered):
    """The limits of one stage."""

    wall_seconds: float
    cpu_seconds: float
    memory_mib: int
    processes: int
    output_kib: int
    disk_mib: int
    stack_mib: int | None = Field(
        description="Null: as `memory_mib` where a control group limits memory, otherwise 8."
    )


class CompileResult(Answered):
    exit_code: int | None
    signal: str | None
    stdout: str
    stderr: str
    wall_ms: float
    cpu_ms: float | None = Field(description="Null if the runtime doesn't know it.")
    memory_peak_kib: int | None
    stopped_by: Limit | None = Field(description="The limit that ended the compiler.")
    cached: bool = Field(
        description="No compiler ran, because the same program was compiled before."
    )


class TestResult(Answered):
    """What became of one test."""

    name: str
    outcome: Outcome | Literal["skipped"]
    exit_code: int | None
    signal: str | None
    stopped_by: Limit | None = Field(description="The limit that ended the program.")
    stdout: str = Field(description="Its beginning, see `stdout_bytes`.")
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    stdout_base64: str | None = Field(description="The same bytes, if they are not UTF-8.")
    stderr_base64: str | None
    stdout_bytes: int = Field(description="All that is stored; its URL returns it.")
    stderr_bytes: int
    wall_ms: float | None = Field(description="Null if it was skipped.")
    cpu_ms: float | None = Field(description="Null if the runtime doesn't know it.")
    memory_peak_kib: int | None
    points: float
    message: str | None = Field(description="What the checker said.")


class Artifact(Answered):
    """A file that the program created."""

    name: str = Field(description="Relative to the working folder.")
    bytes: int
    sha256: str
    media_type: str = Field(description="What the suffix of the name stands for.")
    url: str


class LeftOut(Answered):
    """A file that was asked for, and is not kept."""

    name: str | None = Field(description="Null for several files, which the reason counts.")
    reason: str


class Result(Answered):
    """How the program ended, and what it printed. With tests, each test has its own."""

    exit_code: int | None = Field(description="Null with tests, as are all streams.")
    signal: str | None = Field(description="A name such as SIGSEGV; then `exit_code` is null.")
    stdout: str | None = Field(
        description="Its first 64 KiB. U+FFFD replaces bytes that are not UTF-8."
    )
    stderr: str | None
    stdout_truncated: bool | None = Field(description="Whether it was cut at its limit.")
    stderr_truncated: bool | None
    stdout_base64: str | None = Field(description="The same bytes, if they are not UTF-8.")
    stderr_base64: str | None
    stdout_bytes: int | None = Field(description="All that is stored; its URL returns it.")
    stderr_bytes: int | None
    wall_ms: float | None = Field(
        description="Null if the program did not start. With tests, the sum of theirs."
    )
    cpu_ms: float | None = Field(description="Null if the runtime doesn't know it.")
    memory_peak_kib: int | None = Field(description="With tests, the most of theirs.")
    stopped_by: Limit | None = Field(description="The limit that ended the program.")
    compile: CompileResult | None
    tests: list[TestResult] | None = Field(
        description="Null without tests; empty after a compile error."
    )
    points: float | None = Field(description="The sum of the tests' points.")
    points_max: float | None
    artifacts: list[Artifact] = Field(description="Files that the submission asked for, by name.")
    artifacts_left_out: list[LeftOut]


class Callback(Answered):
    """How far the service has come with telling the receiver."""

    state: CallbackState
    attempts: int
    next_at: Moment | None = Field(description="When it is sent next. Null unless pending.")


class Execution(Answered):
    """A program that was submitted."""

    id: str
    owner: str | None = Field(description="Shown to operators only; otherwise null.")
    state: State
    outcome: Outcome | None
    language: str
    version: str
    priority: Priority
    attempt: int
    labels: dict[str, str]
    limits: Limits
    queue_position: int | None = Field(
        description="An estimate: 1 for the next to run. Null unless queued."
    )
    message: str | None = Field(
        description="Why the last attempt ended; or why the compiler made no program."
    )
    retry_of: str | None
    retried_as: str | None
    batch_id: str | None = Field(description="The batch that it was submitted in.")
    created_at: Moment
    admitted_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    completed_at: Moment | None = Field(description="When it became terminal.")
    callback: Callback | None = Field(description="Null without a `callback_url`.")
    result: Result | None = Field(description="Null until it is completed, and always in lists.")


class ExecutionPage(Answered):
    items: list[Execution]
    next_cursor: str | None


class BulkDone(Answered):
    """What a call on many executions has done."""

    done: int
    skipped: int = Field(description="Those that were changed by others at the same time.")
    remaining: int = Field(
        description="How many still match, counted up to 1,000. In a dry run: all that match."
    )


class SentSubmission(RootModel[dict[str, Any]]):
    """What was submitted, in the form of `Submission`."""


class BatchItem(Answered):
    """What became of one program of a batch: one of the two is null."""

    execution: Execution | None
    problem: Problem | None = Field(description="Why it was refused, or that it was deleted.")


class Batch(Answered):
    """Programs that were submitted together."""

    id: str
    created_at: Moment
    unfinished: int = Field(description="How many of its executions are not terminal.")
    items: list[BatchItem] = Field(description="In the order of the request, without results.")


class Event(Answered):
    """A domain event: one transition."""

    id: str
    type: str
    version: int
    time: Moment
    data: dict[str, Any]


class EventList(Answered):
    items: list[Event]


class EventPage(Answered):
    items: list[Event]
    next_cursor: str | None = Field(description="Null at the end of the log.")
    position: str = Field(
        description="The end of this page. As `cursor`, it continues here once there are more."
    )


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


class RunningStep(Answered):
    task: str
    subject_id: str | None = Field(description="The execution or replay; null for a tick.")
    started_at: Moment


class Worker(Answered):
    """A process that sent a heartbeat in the last minute."""

    name: str = Field(description="The host and the process id.")
    kind: Literal["worker", "beat"]
    roles: list[str] = Field(description="The queues that it consumes; empty for beat.")
    version: str = Field(description="The release of Podline that it runs.")
    seen_at: Moment
    steps: list[RunningStep] = Field(description="What it was running at that time.")


class Place(Answered):
    """Where programs run."""

    slots: int
    free: int | None = Field(description="Null while Redis is unavailable.")
    languages: list[str] | None = Field(description="Null while the place is unavailable.")
    version: str | None = Field(
        description="The release of Podline that runs the sandbox; null while it is unavailable, "
        "and for a cluster."
    )


class Workers(Answered):
    items: list[Worker]
    places: list[Place]


class Percentiles(Answered):
    p50: float
    p95: float


class Minute(Answered):
    """What ended in a minute."""

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


class Replay(Answered):
    """A replay. It counts events; with `resubmit`, `done` and `skipped` count executions."""

    id: str
    mode: ReplayMode
    from_: Moment | None = Field(serialization_alias="from")
    to: Moment | None
    types: list[str]
    executions: list[str]
    target: str | None = Field(description="Without its password.")
    dry_run: bool
    requested_by: str
    status: ReplayStatus
    matched: dict[str, int] = Field(description="Events that match the filter, by type.")
    done: int = Field(description="In a dry run: what would be done.")
    skipped: dict[Skipped, int] = Field(description="What was skipped, by reason.")
    error: str | None = Field(description="Why it failed, or what it waits for.")
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None


class ReplayPage(Answered):
    items: list[Replay]
    next_cursor: str | None


class DeadLetter(Answered):
    """The record of something that failed."""

    id: str
    kind: DeadLetterKind
    status: DeadLetterStatus
    origin: str = Field(description="The task, or `queue:<name>` for a message that is not a task.")
    execution_id: str | None
    payload: str | None = Field(description="Poison only: the raw message, in base64.")
    error: str
    attempts: int
    retries: int
    first_failed_at: Moment
    last_failed_at: Moment
    next_retry_at: Moment | None


class DeadLetterPage(Answered):
    items: list[DeadLetter]
    next_cursor: str | None


class Retried(Answered):
    retried: int


class Session(Answered):
    """A session of a browser."""

    name: str = Field(description="The owner.")
    role: Role
    csrf_token: str = Field(description="For the header `X-CSRF-Token`.")
    expires_at: Moment


class SignInToken(Answered):
    token: str = Field(description="For `Authorization: Bearer`, once.")
    expires_at: Moment


class UsageDay(Answered):
    """What the executions that ended on one day used."""

    day: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    """In UTC."""
    executions: int
    cpu_seconds: float
    stored_bytes: int = Field(description="Of output and artifacts.")


class UsageList(Answered):
    items: list[UsageDay]


class Key(Answered):
    id: str
    name: str
    role: Role
    created_at: Moment
    max_unfinished: int | None
    requests: str | None = Field(description="Such as `10/s`; null: the setting.")
    cpu_day: float | None = Field(description="CPU seconds in a day (UTC); null: the setting.")


class KeyList(Answered):
    items: list[Key]


class CreatedKey(Key):
    key: str = Field(description="The secret, which is shown only here.")
    callback_secret: str | None = Field(
        description="Signs callbacks; shown only here. Null if the service can't sign."
    )


class RotatedSecret(Answered):
    """The new secret that signs the callbacks of a key."""

    callback_secret: str = Field(description="Shown only here.")
    previous_valid_until: Moment = Field(description="Until then, the previous one signs too.")


class Alive(Answered):
    status: str


class Dependency(Answered):
    state: str = Field(description="`up` or `down`.")
    detail: str | None


class Readiness(Answered):
    status: str = Field(description="`ready`, `degraded` (work is accepted and waits), or `down`.")
    dependencies: dict[str, Dependency]
