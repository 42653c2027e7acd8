"""A submission as its client sent it, from what is stored.

The stored submission has every default filled in. Beside it is an outline: what was sent, without
the contents that the submission has anyway.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from app.api.submission import form
from app.domain.submission import (
    BYTE_ORDER_MARK,
    Checker,
    File,
    Limits,
    Submission,
    SubmittedTest,
)

Json = dict[str, Any]
Stored: TypeAlias = Submission | SubmittedTest | Checker

_CONTENTS: Final = frozenset(
    {"source", "stdin", "stdin_base64", "expected_output", "expected_output_base64"}
)
_LEFT_OUT: Final = {*_CONTENTS, "files", "tests", "checker"}


def outline(sent: form.Submission | form.Test | form.Checker) -> Json:
    """Each content is replaced by what it lacks in the stored submission: a byte order mark."""
    given = sent.model_fields_set
    fields = sent.model_dump(mode="json", exclude_unset=True, exclude=_LEFT_OUT)
    for name in given & _CONTENTS:
        text: str | None = getattr(sent, name)
        fields[name] = None if text is None else _removed(name, text)
    if "files" in given:
        fields["files"] = sent.files and [
            file.model_dump(exclude_unset=True, exclude={"content"}) for file in sent.files
        ]
    if isinstance(sent, form.Submission):
        if "tests" in given:
            fields["tests"] = sent.tests and [outline(test) for test in sent.tests]
        if "checker" in given:
            fields["checker"] = sent.checker and outline(sent.checker)
    return fields


def _removed(name: str, text: str) -> str:
    marked = name == "source" and text.startswith(BYTE_ORDER_MARK)
    return BYTE_ORDER_MARK if marked else ""


def original(submission: Submission) -> Json:
    """The body that was sent; numbers are shown as decimals."""
    return _filled(submission.sent or _as_understood(submission), submission)


def _filled(outline: Mapping[str, Any], stored: Stored) -> Json:
    sent = dict(outline)
    for name in sent.keys() & _CONTENTS:
        if sent[name] is not None:
            content = _content(stored, name)
            is_text = not name.endswith("_base64")
            sent[name] = sent[name] + content.decode() if is_text else _base64(content)
    if sent.get("files"):
        sent["files"] = [
            file | {"content": _of_file(file, kept)}
            for file, kept in zip(sent["files"], stored.files, strict=True)
        ]
    if isinstance(stored, Submission):
        if sent.get("tests"):
            pairs = zip(sent["tests"], stored.tests, strict=True)
            sent["tests"] = [_filled(test, kept) for test, kept in pairs]
        if sent.get("checker"):
            assert stored.checker is not None, "it was sent"
            sent["checker"] = _filled(sent["checker"], stored.checker)
    return sent


def _content(stored: Stored, name: str) -> bytes:
    if name == "source":
        return stored.files[0].content
    assert not isinstance(stored, Checker), "it has no other contents"
    if name.startswith("stdin"):
        return stored.stdin or b""
    assert stored.expected_output is not None, "its text was sent"
    return stored.expected_output.content


def _of_file(sent: Mapping[str, str], stored: File) -> str:
    if sent.get("encoding") == "base64":
        return _base64(stored.content)
    return stored.content.decode()


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _as_understood(submission: Submission) -> Json:
    """The outline of a submission that an earlier release stored without one."""
    expected = submission.expected_output
    expected_name = "expected_output_base64" if expected and expected.exact else "expected_output"
    return {
        "language": submission.language,
        "version": submission.language_version,
        "files": [{"name": file.name, "encoding": "base64"} for file in submission.files],
        "entrypoint": submission.entrypoint,
        "stdin_base64": "",
        "args": list(submission.args),
        "env": dict(submission.env),
        "limits": _limits(submission.limits),
        "compile_limits": _limits(submission.compile_limits),
        "compile_args": list(submission.compile_args),
        "streams": submission.streams,
        "buffering": submission.buffering,
        "priority": submission.priority,
        "labels": dict(submission.labels),
    } | ({expected_name: ""} if expected else {})


def _limits(limits: Limits) -> Json:
    return {name: getattr(limits, name) for name in Limits.__slots__}
