"""What a client sends to submit a program. `rules` holds what types can't express."""

from typing import Annotated, Literal

from pydantic import FailFast, Field, WithJsonSchema

from app.api.bounds import UpTo
from app.api.validation import BY_VALUE, Sent
from app.domain.submission import Buffering, KeepOutput, Priority, Streams

MOST_POINTS = 1_000_000

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


class Program(Sent):
    """`source`, or `files` and perhaps an `entrypoint`."""

    language: str = Field(examples=["python"])
    version: str | None = Field(
        default=None, description="`3`, `3.11` or `3.11.7`: the newest version with these parts."
    )
    source: str | None = Field(default=None, examples=["print(input())"])
    files: Annotated[list[File] | None, UpTo("files")] = None
    entrypoint: str | None = Field(default=None, description="The name of the file to run.")
    limits: RequestedStageLimits | None = None
    compile_args: Annotated[list[str], UpTo("args")] = Field(
        default=[], description="Passed to the compiler unchanged; 422 without a compiler."
    )


Comparison = Annotated[
    object,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["exact", "lines", "tokens"]},
                {
                    "type": "object",
                    "properties": {
                        "numbers": {
                            "type": "object",
                            "properties": {
                                "absolute": {"type": "number", "minimum": 0, "default": 0},
                                "relative": {"type": "number", "minimum": 0, "default": 0},
                            },
                            "additionalProperties": False,
                        }
                    },
                    "required": ["numbers"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ],
        }
    ),
]
"""`rules` reads it, because pydantic would name every form that a wrong one could have had."""


class Test(Sent):
    """One run of the program with its own input. What is left out is as in the submission."""

    # `FailFast`, because pydantic takes 4 microseconds for each error, and a list in a list can
    # have many.
    name: str | None = Field(default=None, description="Unique; by default its number, from 1.")
    stdin: str | None = None
    stdin_base64: Base64 | None = None
    args: Annotated[list[str] | None, UpTo("args"), FailFast()] = None
    env: Annotated[dict[str, str] | None, UpTo("env")] = None
    files: Annotated[list[File], UpTo("test_files"), FailFast()] = Field(
        default=[], description="Added to those of the program, for this test only."
    )
    limits: RequestedStageLimits | None = None
    expected_output: str | None = None
    expected_output_base64: Base64 | None = None
    compare: Comparison = None
    points: float = Field(
        default=1.0,
        description="Counted if the outcome is success.",
        json_schema_extra={"minimum": 0, "maximum": MOST_POINTS},
    )


class Checker(Program):
    """A program that judges each test, by testlib's convention, instead of `compare`.

    Its working folder has the files `input`, `output` and `answer`, which are also its arguments.
    """


class Submission(Program):
    """A program to be run."""

    stdin: str | None = Field(default=None, examples=["hello\n"])
    stdin_base64: Base64 | None = None
    args: Annotated[list[str], UpTo("args")] = Field(default=[])
    env: Annotated[dict[str, str], UpTo("env")] = Field(default={})
    compile_limits: RequestedStageLimits | None = None
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
        default=None, description="What stdout must be. `compare` is `lines` by default."
    )
    expected_output_base64: Base64 | None = Field(
        default=None, description="The same in base64. `compare` is `exact` by default."
    )
    compare: Comparison = Field(
        default=None,
        description="How stdout and expected output are compared. `lines`: without white space at "
        "the ends of lines and of the text; `tokens`: word by word; `numbers`: also, numbers may "
        "differ by either bound.",
    )
    checker: Checker | None = None
    tests: Annotated[list[Test] | None, UpTo("tests"), FailFast()] = Field(
        default=None, description="The program is compiled once, and runs once for each test."
    )
    stop_on_failure: bool = Field(
        default=False, description="Skip the tests after the first whose outcome is not success."
    )
    keep_output: Annotated[KeepOutput, BY_VALUE] = Field(
        default=KeepOutput.ALL, description="Of which tests the output is in the result."
    )
    artifacts: Annotated[list[str], UpTo("artifacts")] = Field(
        default=[],
        description="Patterns, as in git's ignore files, of files to keep once the program ended. "
        "Not with `tests`.",
        examples=[["out/*.png"]],
    )
    priority: Annotated[Priority, BY_VALUE] = Field(
        default=Priority.NORMAL, description="`critical` and `high` need the role operator."
    )
    callback_url: str | None = Field(
        default=None,
        description="A public http(s) URL that is sent the execution once it is terminal.",
    )
    labels: Annotated[dict[str, str], UpTo("labels")] = Field(default={})
