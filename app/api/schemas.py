"""The bodies of responses about executions, batches and events."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from app.api.problems import Problem
from app.domain.callback import CallbackState
from app.domain.execution import Outcome, State
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
    """How far the service has come with informing the receiver."""

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
    place: str | None = Field(
        description="Where its last attempt ran, such as a host. Shown to operators only; null "
        "where there is one place."
    )
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

    done: int = Field(
        description="How many this call changed. If an earlier call failed, those that it had "
        "changed by then are not counted."
    )
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
