"""What a client sends to submit a program. `rules` holds what types can't express."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from app.api.counts import UpTo
from app.api.sent import BY_VALUE, Sent
from app.domain.submission import Buffering, Priority, Streams

Whole = Annotated[float, WithJsonSchema({"type": "integer", "exclusiveMinimum": 0})]
"""1.0 is a whole number, too, and the message about 1.5 is better than pydantic's."""
Seconds = Annotated[float, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Base64 = Annotated[str, WithJsonSchema({"type": "string", "contentEncoding": "base64"})]


class File(Sent):
    name: str = Field(description="A relative path without `.` and `..`.")
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class RequestedStageLimits(Sent):
    """Limits to ask for; one left out takes its default, see `/api/v1/limits`."""

    wall_seconds: Seconds | None = None
    cpu_seconds: Seconds | None = None
    memory_mib: Whole | None = None
    processes: Whole | None = None
    output_kib: Whole | None = Field(default=None, description="Per stream.")
    disk_mib: Whole | None = None
    stack_mib: Whole | None = Field(
        default=None, description="At most `memory_mib`. `/api/v1/languages` says what it means."
    )


class Submission(Sent):
    """A program to be run: `source`, or `files` and perhaps an `entrypoint`."""

    language: str = Field(examples=["python"])
    version: str | None = Field(
        default=None, description="`3`, `3.11` or `3.11.7`: the newest version with these parts."
    )
    source: str | None = Field(default=None, examples=["print(input())"])
    files: Annotated[list[File] | None, UpTo("files")] = None
    entrypoint: str | None = Field(default=None, description="The name of the file to run.")
    stdin: str | None = Field(default=None, examples=["hello\n"])
    stdin_base64: Base64 | None = None
    args: Annotated[list[str], UpTo("args")] = Field(default=[])
    env: Annotated[dict[str, str], UpTo("env")] = Field(default={})
    limits: RequestedStageLimits | None = None
    compile_limits: RequestedStageLimits | None = None
    compile_args: Annotated[list[str], UpTo("args")] = Field(
        default=[], description="Passed to the compiler unchanged; 422 without a compiler."
    )
    streams: Annotated[Streams, BY_VALUE] = Field(
        default=Streams.SEPARATE,
        description="`merged`: one pipe for both, in exact order; all output is stdout.",
    )
    buffering: Annotated[Buffering, BY_VALUE] | None = Field(
        default=None,
        description="`line`: print each line immediately, if the language can; `block`: as the "
        "language sees fit, which is faster. Null: `block` if the output is judged, else `line`.",
    )
    expected_output: str | None = Field(
        default=None,
        description="Compared without white space at the ends of lines and of the text.",
    )
    expected_output_base64: Base64 | None = Field(
        default=None, description="Compared byte by byte."
    )
    priority: Annotated[Priority, BY_VALUE] = Field(
        default=Priority.NORMAL, description="`critical` and `high` need the role operator."
    )
    callback_url: str | None = Field(
        default=None,
        description="A public http(s) URL that is sent the execution once it is terminal.",
    )
    labels: Annotated[dict[str, str], UpTo("labels")] = Field(default={})
