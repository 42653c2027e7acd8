"""Programs as Python values, and the body of a request that submits them."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Required, TypedDict

from podline.errors import InvalidArgument
from podline.models import Limits
from podline.sources import read_file, read_program, text_if_utf8

Text = str | bytes | Path
"""Text, bytes, or the path of a file. Bytes are sent unchanged, in base64 if they are not UTF-8."""
Compare = str | Mapping[str, Mapping[str, float]]
"""`exact`, `lines`, `tokens`, or `{"numbers": {"absolute": 1e-9, "relative": 1e-9}}`."""


class Test(TypedDict, total=False):
    """One run of the program with its own input. What is left out is as in the submission."""

    name: str
    stdin: Text
    args: Sequence[str]
    env: Mapping[str, str]
    files: Mapping[str, Text]
    limits: Limits | Mapping[str, float | None]
    expected_output: Text
    compare: Compare
    points: float


class Checker(TypedDict, total=False):
    """A program that judges instead of `compare`; see docs/judging.md."""

    language: str
    version: str
    source: str | Path
    files: Mapping[str, Text]
    entrypoint: str
    limits: Limits | Mapping[str, float | None]
    compile_args: Sequence[str]


class Judged(TypedDict, total=False):
    """The keyword arguments of `Client.judge`. Only `language` is required."""

    language: Required[str]
    version: str
    files: Mapping[str, Text]
    """Relative path to content. Use either this or `source`, unless `source` is a path."""
    entrypoint: str
    stdin: Text
    args: Sequence[str]
    env: Mapping[str, str]
    limits: Limits | Mapping[str, float | None]
    compile_limits: Limits | Mapping[str, float | None]
    compile_args: Sequence[str]
    streams: str
    """`separate` or `merged`."""
    buffering: str
    """`line` or `block`."""
    expected_output: Text
    """Text is compared without trailing white space, empty lines at the end and a byte order mark
    at the start; bytes are compared exactly. A file is text if it is UTF-8.
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

    source: str | Path


_LARGE: Final = 1024 * 1024
"""Characters. Smaller texts are sent as texts, which people can read in a request."""


def body_of(source: str | Path | None, submission: Mapping[str, Any]) -> dict[str, object]:
    """Return the JSON body of `POST /api/v1/executions`. Reads what is a path."""
    body = _encoded(submission if source is None else {**submission, "source": source})
    if "tests" in body:
        body["tests"] = [_encoded(test) for test in submission["tests"]]
    if "checker" in body:
        body["checker"] = _encoded(submission["checker"])
    return body


def _encoded(given: Mapping[str, Any]) -> dict[str, object]:
    """What a submission, a test and a checker have in common. None means not given."""
    given = _with_program({name: value for name, value in given.items() if value is not None})
    body: dict[str, object] = dict(given)
    if "files" in given:
        body["files"] = [_file(name, content) for name, content in given["files"].items()]
    if "stdin" in given:
        del body["stdin"]
        body |= _stdin(given["stdin"])
    if "expected_output" in given:
        del body["expected_output"]
        body |= _expected(given["expected_output"])
    for name in ("limits", "compile_limits"):
        if isinstance(limits := given.get(name), Limits):
            body[name] = {key: limit for key, limit in asdict(limits).items() if limit is not None}
    return body


def _with_program(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace the path of a program by its files."""
    source = given.get("source")
    if not isinstance(source, Path):
        return given
    files, entrypoint = read_program(source, given.get("entrypoint"))
    others = given.get("files", {})
    if twice := sorted(files.keys() & others.keys()):
        raise InvalidArgument(f"both `source` and `files` have a file {twice[0]!r}")
    rest = {name: value for name, value in given.items() if name != "source"}
    return {**rest, "files": {**files, **others}, "entrypoint": entrypoint}


def _file(name: str, content: Text) -> dict[str, str]:
    match _text_or_bytes(content):
        case str() as text:
            return {"name": name, "content": text, "encoding": "utf-8"}
        case exact:
            return {"name": name, "content": _base64(exact), "encoding": "base64"}


def _stdin(content: Text) -> dict[str, str]:
    match _text_or_bytes(content):
        case str() as text:
            return {"stdin": text}
        case exact:
            return {"stdin_base64": _base64(exact)}


def _expected(content: Text) -> dict[str, str]:
    if isinstance(content, Path):
        content = text_if_utf8(read_file(content))
    if isinstance(content, bytes):
        return {"expected_output_base64": _base64(content)}
    return {"expected_output": content}


def _text_or_bytes(content: Text) -> str | bytes:
    if isinstance(content, Path):
        content = read_file(content)
    return _shorter(content if isinstance(content, str) else text_if_utf8(content))


def _shorter(content: str | bytes) -> str | bytes:
    """Bytes in place of a large text that is longer in JSON than in base64.

    JSON takes six characters for a control character, and two for a line end or a quotation mark,
    so what is within the service's maximum could make a body that is not.
    """
    if isinstance(content, bytes) or len(content) < _LARGE:
        return content
    try:
        exact = content.encode()
    except UnicodeEncodeError:
        return content  # what is not UTF-8 is refused later, as in a small text
    in_json = len(json.dumps(content, ensure_ascii=False).encode())
    return exact if in_json > 4 * len(exact) / 3 else content


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
