"""What is known of pods, as JSON and bytes: on the socket, and in the spool."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from sandbox.wire.framing import Header, Parts
from sandbox.wire.types import (
    Collected,
    CollectedFile,
    Frame,
    HeldLimit,
    Holder,
    Language,
    LeftOut,
    Limit,
    LimitName,
    Observation,
    Output,
    Phase,
    Report,
    StageOutput,
    StageReport,
    Stream,
)

T = TypeVar("T")

_FIELDS: Final = {
    kind: tuple(field.name for field in fields(kind)) for kind in (StageReport, Language)
}


def observation_message(observation: Observation) -> tuple[Header, bytes]:
    """With its output, if it has any."""
    header = observation_header(observation)
    if observation.output is None:
        return header, b""
    output, content = output_message(observation.output)
    return {**header, "output": output}, content


def observation_header(observation: Observation) -> dict[str, Any]:
    """Without its output."""
    return {
        "name": observation.name,
        "phase": observation.phase,
        "started_at": observation.started_at,
        "ended_at": observation.ended_at,
        "report": _optional(_report_header, observation.report),
        "message": observation.message,
        "collected": _optional(_collected_header, observation.collected),
    }


def _collected_header(collected: Collected) -> Header:
    return {
        "files": [[file.name, file.size] for file in collected.files],
        "left_out": [[each.name, each.reason] for each in collected.left_out],
    }


def _collected(header: Header) -> Collected:
    return Collected(
        files=tuple(CollectedFile(name, size) for name, size in header["files"]),
        left_out=tuple(LeftOut(name, reason) for name, reason in header["left_out"]),
    )


def _report_header(report: Report) -> Header:
    return {
        "compile": _optional(_stage_report_header, report.compile),
        "runs": [_optional(_stage_report_header, run) for run in report.runs],
    }


def _stage_report_header(report: StageReport) -> Header:
    """The fields, without the deep copies that `asdict` makes."""
    return {name: getattr(report, name) for name in _FIELDS[StageReport]}


def observation_of(header: Header, body: bytes = b"") -> Observation:
    report, output = header["report"], header.get("output")
    return Observation(
        name=header["name"],
        phase=Phase(header["phase"]),
        started_at=header["started_at"],
        ended_at=header["ended_at"],
        report=_optional(_report, report),
        message=header["message"],
        collected=_optional(_collected, header.get("collected")),
        output=output_of(output, body) if output else None,
    )


def _report(header: Header) -> Report:
    return Report(
        compile=_optional(_stage_report, header["compile"]),
        runs=tuple(_optional(_stage_report, run) for run in header["runs"]),
    )


def _stage_report(header: Header) -> StageReport:
    return StageReport(
        **{**_known(StageReport, header), "stopped_by": _optional(Limit, header["stopped_by"])}
    )


def frames_message(frames: Iterable[Frame]) -> tuple[list[Any], bytes]:
    """Return [sequence, stream, offset, length] for each frame, and their contents."""
    frames = list(frames)
    heads = [[f.sequence, f.stream, f.offset, len(f.content)] for f in frames]
    return heads, b"".join(frame.content for frame in frames)


def frames_of(heads: Sequence[Any], parts: Parts) -> list[Frame]:
    return [
        Frame(sequence, Stream(stream), offset, parts.take(length))
        for sequence, stream, offset, length in heads
    ]


def output_message(output: Output) -> tuple[Header, bytes]:
    header = {
        "compile": _optional(stage_output_header, output.compile),
        "runs": [_optional(stage_output_header, run) for run in output.runs],
    }
    contents = [stage_output_body(stage) for stage in (output.compile, *output.runs) if stage]
    return header, b"".join(contents)


def output_of(header: Header, body: bytes) -> Output:
    parts = Parts(body)
    return Output(
        compile=_optional(lambda stage: stage_output_of(stage, parts), header["compile"]),
        runs=tuple(
            _optional(lambda stage: stage_output_of(stage, parts), run) for run in header["runs"]
        ),
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
    texts = {name: tuple(header.get(name, ())) for name in ("aliases", "suffixes")}
    return Language(**{**_known(Language, header), **texts})


def held_limit_of(header: Header) -> HeldLimit:
    return HeldLimit(limit=LimitName(header["limit"]), by=Holder(header["by"]), how=header["how"])


def _known(kind: type[Any], header: Header) -> dict[str, Any]:
    """The fields that this version knows."""
    names = _FIELDS[kind]
    return {name: value for name, value in header.items() if name in names}


def _optional(convert: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else convert(value)
