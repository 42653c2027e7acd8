"""A pod as a request: written as JSON and bytes, and read with every field checked."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, Final, TypeVar

from sandbox.wire.framing import Header, Parts, ProtocolError
from sandbox.wire.types import ArtifactMaxima, Buffering, File, Limits, Pod, Run, Streams

_POD_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES_OF_LIMITS: Final = tuple(item.name for item in fields(Limits))
_ALL_LIMITS: Final = frozenset(_NAMES_OF_LIMITS)
_REQUIRED_LIMITS: Final = frozenset(item.name for item in fields(Limits) if item.default is MISSING)
"""The others came later, and a service of the release before leaves them out."""
_LIMIT_MAX: Final = 1 << 20
_TEXTS_MAX: Final = 200
_FILES_MAX: Final = 1000
_RUNS_MAX: Final = 1000
_MOST_ARTIFACTS: Final = {"files": 512, "bytes": 64 << 20}
"""Init takes no request with more names."""
_WAIT_MAX: Final = 2

Choice = TypeVar("Choice", bound=StrEnum)


def pod_message(pod: Pod) -> tuple[Header, list[bytes]]:
    """Return the header, and the pieces of the body."""
    runs, contents_of_runs = _runs_message(pod.runs)
    header = {
        "name": pod.name,
        "language": pod.language,
        "language_version": pod.language_version,
        "files": _file_heads(pod.files),
        "entrypoint": pod.entrypoint,
        "runs": runs,
        "compile_limits": _limits_header(pod.compile_limits),
        "wall_seconds": pod.wall_seconds,
        "compile_args": list(pod.compile_args),
        "streams": pod.streams,
        "buffering": pod.buffering,
        "stop_on_failure": pod.stop_on_failure,
        "owner": pod.owner,
        "artifacts": list(pod.artifacts),
        "artifact_maxima": {
            "files": pod.artifact_maxima.files,
            "bytes": pod.artifact_maxima.bytes,
        },
    }
    return header, [*(file.content for file in pod.files), *contents_of_runs]


def _runs_message(runs: Sequence[Run]) -> tuple[list[Header], list[bytes]]:
    """The body has stdin that several runs have once."""
    headers, contents = [], []
    first_with: dict[bytes, int] = {}
    for index, run in enumerate(runs):
        first = first_with.setdefault(run.stdin, index)
        if first == index:
            headers.append(_run_header(run, {"stdin": len(run.stdin)}))
            contents.append(run.stdin)
        else:
            headers.append(_run_header(run, {"stdin_of": first}))
        contents += [file.content for file in run.files]
    return headers, contents


def _run_header(run: Run, stdin: Header) -> Header:
    return {
        **stdin,
        "args": list(run.args),
        "env": dict(run.env),
        "limits": _limits_header(run.limits),
        "files": _file_heads(run.files),
    }


def _limits_header(limits: Limits) -> Header:
    return {name: getattr(limits, name) for name in _NAMES_OF_LIMITS}


def _file_heads(files: Sequence[File]) -> list[Any]:
    return [[file.name, len(file.content)] for file in files]


def pod_of(header: object, body: bytes) -> Pod:
    """Raises ProtocolError, which names the field that is wrong."""
    pod = _object(header, "pod")
    parts = Parts(body)
    made = Pod(
        name=name_of(pod.get("name")),
        language=_text(pod.get("language"), "language"),
        language_version=_text(pod.get("language_version"), "language_version"),
        files=_files(pod.get("files"), parts),
        entrypoint=_path(pod.get("entrypoint"), "entrypoint"),
        runs=_runs(pod.get("runs"), parts),
        compile_limits=_limits(pod.get("compile_limits"), "compile_limits"),
        wall_seconds=_limit(pod.get("wall_seconds"), "wall_seconds", whole=False),
        compile_args=_texts(pod.get("compile_args", []), "compile_args"),
        streams=_one_of(pod.get("streams", Streams.SEPARATE), "streams", Streams),
        buffering=_one_of(pod.get("buffering", Buffering.LINE), "buffering", Buffering),
        stop_on_failure=flag_of(pod.get("stop_on_failure", False), "stop_on_failure"),
        owner=_text(pod.get("owner", ""), "owner"),
        artifacts=_texts(pod.get("artifacts", []), "artifacts"),
        artifact_maxima=_artifact_maxima(pod.get("artifact_maxima", {})),
    )
    parts.end()
    return made


def _runs(value: object, parts: Parts) -> tuple[Run, ...]:
    runs = _list(value, "runs", _RUNS_MAX)
    if not runs:
        raise ProtocolError("runs: at least one is needed")
    found: list[Run] = []
    for run in runs:
        found.append(_run(_object(run, "runs"), found, parts))
    return tuple(found)


def _run(run: Mapping[str, Any], earlier: Sequence[Run], parts: Parts) -> Run:
    return Run(
        stdin=_stdin(run, earlier, parts),
        args=_texts(run.get("args"), "args"),
        env=_env(run.get("env")),
        limits=_limits(run.get("limits"), "limits"),
        files=_files(run.get("files", []), parts),
    )


def _stdin(run: Mapping[str, Any], earlier: Sequence[Run], parts: Parts) -> bytes:
    """Its own, or that of an earlier run, which then isn't copied."""
    if "stdin_of" not in run:
        return parts.take(run.get("stdin"))
    first = number_of(run["stdin_of"], "stdin_of")
    if first >= len(earlier):
        raise ProtocolError("stdin_of: must be the index of an earlier run")
    return earlier[first].stdin


def name_of(value: object) -> str:
    """A pod's name: a DNS label, so that it is also a file name and a Kubernetes name."""
    if not isinstance(value, str) or not _POD_NAME.fullmatch(value):
        raise ProtocolError("name: must be a DNS label")
    return value


def _files(value: object, parts: Parts) -> tuple[File, ...]:
    return tuple(_file(item, parts) for item in _list(value, "files", _FILES_MAX))


def _file(value: object, parts: Parts) -> File:
    item = _list(value, "files")
    if len(item) != 2:
        raise ProtocolError("files: each must be a name and a length")
    return File(_path(item[0], "files"), parts.take(item[1]))


def _path(value: object, field: str) -> str:
    """A relative path that can't lead out of the working folder."""
    path = _text(value, field)
    parts = path.split("/")
    if "" in parts or "." in parts:
        raise ProtocolError(f"{field}: must be a plain relative path")
    if ".." in parts:
        raise ProtocolError(f"{field}: must not lead out of the working folder")
    return path


def _texts(value: object, field: str) -> tuple[str, ...]:
    return tuple(_text(item, field) for item in _list(value, field))


def _one_of(value: object, field: str, kind: type[Choice]) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise ProtocolError(f"{field}: must be one of {', '.join(kind)}") from error


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
    if not _REQUIRED_LIMITS <= limits.keys() <= _ALL_LIMITS:
        raise ProtocolError(f"{field}: every limit must be given, and no other")
    for name, limit in limits.items():
        if limit is None and name not in _REQUIRED_LIMITS:
            continue
        _limit(limit, f"{field}.{name}", whole=not name.endswith("_seconds"))
    return Limits(**limits)


def _artifact_maxima(value: object) -> ArtifactMaxima:
    maxima = _object(value, "artifact_maxima")
    if not maxima.keys() <= _MOST_ARTIFACTS.keys():
        raise ProtocolError("artifact_maxima: must be files and bytes")
    for name, number in maxima.items():
        most = _MOST_ARTIFACTS[name]
        if not 0 < number_of(number, f"artifact_maxima.{name}") <= most:
            raise ProtocolError(f"artifact_maxima.{name}: must be from 1 to {most}")
    return ArtifactMaxima(**maxima)


def _limit(value: object, field: str, *, whole: bool) -> float:
    if (
        not isinstance(value, int if whole else (int, float))
        or isinstance(value, bool)
        or not math.isfinite(value)
        or not 0 < value <= _LIMIT_MAX
    ):
        raise ProtocolError(f"{field}: must be a number above 0, at most {_LIMIT_MAX}")
    return value


def wait_of(value: object) -> float:
    """Seconds, well below the time in which an answer is expected."""
    if not isinstance(value, (int, float)) or not 0 <= value <= _WAIT_MAX:
        raise ProtocolError(f"wait_seconds: must be a number from 0 to {_WAIT_MAX}")
    return float(value)


def number_of(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolError(f"{field}: must be a whole number of at least 0")
    return value


def flag_of(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError(f"{field}: must be true or false")
    return value


def _text(value: object, field: str) -> str:
    """Text that can be an argument: UTF-8 without NUL."""
    if not isinstance(value, str) or "\0" in value:
        raise ProtocolError(f"{field}: must be text without NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{field}: UTF-8 can't encode it") from error
    return value


def _list(value: object, field: str, most: int = _TEXTS_MAX) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError(f"{field}: must be a list of at most {most}")
    return value


def _object(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError(f"{field}: must be an object")
    return value
