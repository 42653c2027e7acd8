"""Pods and what is known of them, as JSON and bytes: on the socket, and in the spool."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from app.domain.pod import (
    Frame,
    Limit,
    Observation,
    Output,
    Phase,
    Pod,
    Report,
    StageOutput,
    StageReport,
    Stream,
)
from app.domain.records import Language
from app.domain.submission import File, Limits
from app.infrastructure.sandbox.protocol import Header, ProtocolError

T = TypeVar("T")

_POD_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIMIT_MAX: Final = 1 << 20
_TEXTS_MAX: Final = 200


class Parts:
    """Takes a body apart, in the order in which it was put together."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self._taken = 0

    def take(self, size: object) -> bytes:
        length = number_of(size, "a length")
        if self._taken + length > len(self._body):
            raise ProtocolError("the body is shorter than its header says")
        content = self._body[self._taken : self._taken + length]
        self._taken += length
        return bytes(content)

    def end(self) -> None:
        if self._taken != len(self._body):
            raise ProtocolError("the body is longer than its header says")


# a pod


def pod_message(pod: Pod) -> tuple[Header, bytes]:
    header = {
        "name": pod.name,
        "language": pod.language,
        "language_version": pod.language_version,
        "files": [[file.name, len(file.content)] for file in pod.files],
        "entrypoint": pod.entrypoint,
        "stdin": len(pod.stdin),
        "args": list(pod.args),
        "env": dict(pod.env),
        "limits": asdict(pod.limits),
        "compile_limits": asdict(pod.compile_limits),
    }
    return header, b"".join([*(file.content for file in pod.files), pod.stdin])


def pod_of(header: object, body: bytes) -> Pod:
    """Raises ProtocolError, which names the field that is wrong."""
    pod = _object(header, "pod")
    parts = Parts(body)
    made = Pod(
        name=name_of(pod.get("name")),
        language=_text(pod.get("language"), "language"),
        language_version=_text(pod.get("language_version"), "language_version"),
        files=tuple(_file(item, parts) for item in _list(pod.get("files"), "files")),
        entrypoint=_path(pod.get("entrypoint"), "entrypoint"),
        stdin=parts.take(pod.get("stdin")),
        args=tuple(_text(item, "args") for item in _list(pod.get("args"), "args")),
        env=_env(pod.get("env")),
        limits=_limits(pod.get("limits"), "limits"),
        compile_limits=_limits(pod.get("compile_limits"), "compile_limits"),
    )
    parts.end()
    return made


def name_of(value: object) -> str:
    """A pod's name: a DNS label, so that it is a file name and a Kubernetes name too."""
    if not isinstance(value, str) or not _POD_NAME.fullmatch(value):
        raise ProtocolError("name: must be a DNS label")
    return value


def _file(value: object, parts: Parts) -> File:
    item = _list(value, "files")
    if len(item) != 2:
        raise ProtocolError("files: each must be a name and a length")
    return File(_path(item[0], "files"), parts.take(item[1]))


def _path(value: object, field: str) -> str:
    """A relative path that can't lead out of the working folder."""
    path = _text(value, field)
    if not path or str(PurePosixPath(path)) != path or path.startswith("/"):
        raise ProtocolError(f"{field}: must be a plain relative path")
    if ".." in path.split("/") or path == ".":
        raise ProtocolError(f"{field}: must not lead out of the working folder")
    return path


def _env(value: object) -> dict[str, str]:
    env = _object(value, "env")
    for name in env:
        if not _VARIABLE.fullmatch(name):
            raise ProtocolError("env: a name must be letters, digits and _")
    if len(env) > _TEXTS_MAX:
        raise ProtocolError(f"env: at most {_TEXTS_MAX} variables")
    return {name: _text(content, "env") for name, content in env.items()}


def _limits(value: object, field: str) -> Limits:
    limits = _object(value, field)
    if limits.keys() != {item.name for item in fields(Limits)}:
        raise ProtocolError(f"{field}: every limit must be given, and no other")
    for name, limit in limits.items():
        whole = not name.endswith("_seconds")
        number = isinstance(limit, int if whole else (int, float)) and limit is not True
        if not number or not math.isfinite(limit) or not 0 < limit <= _LIMIT_MAX:
            raise ProtocolError(f"{field}.{name}: must be a number above 0, at most {_LIMIT_MAX}")
    return Limits(**limits)


# what is known of it


def observation_header(observation: Observation) -> Header:
    return asdict(observation)


def observation_of(header: Header) -> Observation:
    report = header["report"]
    return Observation(
        name=header["name"],
        phase=Phase(header["phase"]),
        started_at=header["started_at"],
        ended_at=header["ended_at"],
        report=_optional(_report, report),
        message=header["message"],
    )


def _report(header: Header) -> Report:
    return Report(
        compile=_optional(_stage_report, header["compile"]),
        run=_optional(_stage_report, header["run"]),
    )


def _stage_report(header: Header) -> StageReport:
    return StageReport(**{**header, "stopped_by": _optional(Limit, header["stopped_by"])})


def frames_message(frames: Iterable[Frame]) -> tuple[list[Any], bytes]:
    """[sequence, stream, offset, length] each, and their contents."""
    frames = list(frames)
    heads = [[f.sequence, f.stream, f.offset, len(f.content)] for f in frames]
    return heads, b"".join(frame.content for frame in frames)


def frames_of(heads: Sequence[Any], parts: Parts) -> list[Frame]:
    return [
        Frame(sequence, Stream(stream), offset, parts.take(length))
        for sequence, stream, offset, length in heads
    ]


def output_message(output: Output) -> tuple[Header, bytes]:
    stages = {"compile": output.compile, "run": output.run}
    header = {name: _optional(stage_output_header, stage) for name, stage in stages.items()}
    contents = [stage_output_body(stage) for stage in stages.values() if stage]
    return header, b"".join(contents)


def output_of(header: Header, body: bytes) -> Output:
    parts = Parts(body)
    return Output(
        compile=_optional(lambda stage: stage_output_of(stage, parts), header["compile"]),
        run=_optional(lambda stage: stage_output_of(stage, parts), header["run"]),
    )


def stage_output_header(stage: StageOutput) -> Header:
    return {
        "stdout": len(stage.stdout),
        "stderr": len(stage.stderr),
        "stdout_truncated": stage.stdout_truncated,
        "stderr_truncated": stage.stderr_truncated,
    }


def stage_output_body(stage: StageOutput) -> bytes:
    return stage.stdout + stage.stderr


def stage_output_of(header: Header, parts: Parts) -> StageOutput:
    return StageOutput(
        stdout=parts.take(header["stdout"]),
        stderr=parts.take(header["stderr"]),
        stdout_truncated=header["stdout_truncated"],
        stderr_truncated=header["stderr_truncated"],
    )


def language_of(header: Header) -> Language:
    return Language(**header)


# checks


def number_of(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolError(f"{field}: must be a whole number of at least 0")
    return value


def _text(value: object, field: str) -> str:
    """Text that can be an argument: UTF-8, and no NUL in it."""
    if not isinstance(value, str) or "\0" in value:
        raise ProtocolError(f"{field}: must be text without NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{field}: can't be written as UTF-8") from error
    return value


def _list(value: object, field: str) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > _TEXTS_MAX:
        raise ProtocolError(f"{field}: must be a list of at most {_TEXTS_MAX}")
    return value


def _object(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError(f"{field}: must be an object")
    return value


def _optional(convert: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else convert(value)
