"""Builds the body of a submission from Python values."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Required, TypedDict

from podline.models import Limits

Text = str | bytes
"""Bytes are sent unchanged, in base64 if they are not UTF-8."""
Compare = str | Mapping[str, Mapping[str, float]]
"""`exact`, `lines`, `tokens`, or `{"numbers": {"absolute": 1e-9, "relative": 1e-9}}`."""


class Test(TypedDict, total=False):
    """One run of the program with its own input. What is left out is as in the submission."""

    name: str
    stdin: Text
    args: Sequence[str]
    env: Mapping[str, str]
    files: Mapping[str, Text]
    limits: Limits | Mapping[str, float]
    expected_output: Text
    compare: Compare
    points: float


class Checker(TypedDict, total=False):
    """A program that judges instead of `compare`; see docs/judging.md."""

    language: str
    version: str
    source: str
    files: Mapping[str, Text]
    entrypoint: str
    limits: Limits | Mapping[str, float]
    compile_args: Sequence[str]


class Judged(TypedDict, total=False):
    """The keyword arguments of `Client.judge`. Only `language` is required."""

    language: Required[str]
    version: str
    files: Mapping[str, Text]
    """Relative path to content; use either this or `source`."""
    entrypoint: str
    stdin: Text
    args: Sequence[str]
    env: Mapping[str, str]
    limits: Limits | Mapping[str, float]
    compile_limits: Limits | Mapping[str, float]
    compile_args: Sequence[str]
    streams: str
    """`separate` or `merged`."""
    buffering: str
    """`line` or `block`."""
    expected_output: Text
    """Text is compared without trailing white space, empty lines at the end and a byte order mark
    at the start; bytes are compared exactly.
    """
    artifacts: Sequence[str]
    """Patterns, as in git's ignore files, of files to keep once the program has ended."""
    compare: Compare
    checker: Checker
    stop_on_failure: bool
    keep_output: str
    """`all`, `failures` or `none`: of which tests the result has the output."""
    priority: str
    labels: Mapping[str, str]
    callback_url: str
    """Is sent the execution once it is terminal; see `verify_callback`."""


class Submission(Judged, total=False):
    """The keyword arguments of `Client.submit` and `Client.run`. Only `language` is required."""

    tests: Sequence[Test]


class Program(Submission, total=False):
    """A program for `Client.submit_many`: either `source`, or `files`."""

    source: str


def body_of(source: str | None, submission: Submission) -> dict[str, object]:
    """Return the JSON body of `POST /api/v1/executions`."""
    body = _encoded(submission)
    if source is not None:
        body["source"] = source
    if "tests" in submission:
        body["tests"] = [_encoded(test) for test in submission["tests"]]
    if "checker" in submission:
        body["checker"] = _encoded(submission["checker"])
    return body


def _encoded(given: Mapping[str, Any]) -> dict[str, object]:
    """What a submission, a test and a checker have in common."""
    body: dict[str, object] = dict(given)
    if "files" in given:
        body["files"] = [_file(name, content) for name, content in given["files"].items()]
    if "stdin" in given:
        del body["stdin"]
        body |= _stdin(given["stdin"])
    if isinstance(expected := given.get("expected_output"), bytes):
        del body["expected_output"]
        body["expected_output_base64"] = _base64(expected)
    for name in ("limits", "compile_limits"):
        if isinstance(limits := given.get(name), Limits):
            body[name] = {key: limit for key, limit in asdict(limits).items() if limit is not None}
    return body


def _file(name: str, content: Text) -> dict[str, str]:
    text = _text(content)
    if text is None:
        return {"name": name, "content": _base64(content), "encoding": "base64"}
    return {"name": name, "content": text, "encoding": "utf-8"}


def _stdin(content: Text) -> dict[str, str]:
    text = _text(content)
    return {"stdin_base64": _base64(content)} if text is None else {"stdin": text}


def _text(content: Text) -> str | None:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _base64(content: Text) -> str:
    return b64encode(content if isinstance(content, bytes) else content.encode()).decode("ascii")
