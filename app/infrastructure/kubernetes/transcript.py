"""The collector's log, with all of the program's output, and its end record.

Each line is a JSON object. A frame has at most 8 KiB, so that a container runtime doesn't split its
line, and is numbered from 1 within its stage:

    {"stage": "run", "sequence": 1, "stream": "stdout", "offset": 0, "content": "<base64>"}

The last line is the end record, which is also the termination message (`parse_end`):

    {"end": {"began_us": …, "ended_us": …, "compile": {…}, "run": {…}}}
    {"end": {"fault": "init failed to execute: No such file or directory"}}

A stage in it is:

    {"status": 0, "wall_us": …, "cpu_us": …, "peak_kib": …, "stopped_by": null,
     "frames": 7, "stdout_truncated": false, "stderr_truncated": false}

`status` is the raw wait status, or null if init ended before it could report. `run` is null if the
compile stage failed, or if it succeeded without a program that can be started.
"""

import base64
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.execution import Time
from app.domain.pod import Frame, Limit, Output, Report, StageOutput, StageReport, Stream
from sandbox.init.protocol import signal_name

_COMPILE: Final = "compile"
_RUN: Final = "run"


class Broken(ValueError):
    """The text doesn't have the collector's format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEnd:
    """What the collector counted in one stage."""

    frames: int
    stdout_truncated: bool
    stderr_truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end record. Exactly one of `report`, `vanished` and `fault` is set."""

    began_at: Time | None = None
    """When the first stage began, by the node's clock. None if it didn't."""
    ended_at: Time | None = None
    report: Report | None = None
    vanished: Report | None = None
    """The report to use if the kernel killed all of main for memory, before init could report.

    That happened if the kubelet reports OOMKilled for main; otherwise it is a fault.
    """
    fault: str | None = None
    """What could not be set up; not the program's fault."""
    stages: Mapping[str, StageEnd]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The contents of a log, which may be incomplete."""

    frames: Sequence[Frame]
    """The run stage's frames, up to the first gap."""
    end: End | None
    """None while the pod runs, or if the log is truncated."""
    output: Output | None
    """None if the end record or a frame is missing."""


def parse_end(message: str) -> End:
    """Parse the collector's termination message. Raises Broken, also if it is empty."""
    try:
        return _end(_mapping(json.loads(message)["end"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"no end record: {type(error).__name__}") from error


def parse_transcript(log: bytes) -> Transcript:
    """Parse the collector's log or the start of it, without an incomplete last line.

    Raises Broken if a line doesn't have the collector's format.
    """
    frames, end = _parse_lines(log)
    return Transcript(frames=_up_to_gap(frames[_RUN]), end=end, output=_output(frames, end))


def frames_after(after: int, lines: bytes) -> list[Frame] | None:
    """Return the run stage's frames with a sequence > `after`, up to the first gap.

    `lines` are a log or its last lines: None if these don't go back far enough. Raises Broken.
    """
    frames, _ = _parse_lines(lines)
    run = frames[_RUN]
    if not run or run[0].sequence > after + 1:
        return None
    return _up_to_gap([frame for frame in run if frame.sequence > after], first=after + 1)


def _parse_lines(log: bytes) -> tuple[Mapping[str, Sequence[Frame]], End | None]:
    """Return the frames of each stage, and the end record."""
    frames: dict[str, list[Frame]] = {_COMPILE: [], _RUN: []}
    end = None
    for line in log.split(b"\n")[:-1]:
        if end is not None:
            raise Broken("a line after the end record")
        if line.startswith(b'{"end"'):
            end = parse_end(line.decode(errors="replace"))
        else:
            stage, frame = _parse_frame(line)
            frames[stage].append(frame)
    return frames, end


def _end(record: Mapping[str, object]) -> End:
    if (fault := record.get("fault")) is not None:
        return End(fault=_text(fault), stages={})
    records = {name: _mapping(record[name]) for name in (_COMPILE, _RUN) if record[name]}
    if not records:
        raise Broken("an end record without a stage")
    reports = {name: _stage_report(stage) for name, stage in records.items()}
    runs = (reports[_RUN],) if _RUN in reports else ()
    report = Report(compile=reports.get(_COMPILE), runs=runs)
    vanished = any(stage["status"] is None for stage in records.values())
    return End(
        began_at=_number(record["began_us"]) or None,
        ended_at=_number(record["ended_us"]),
        report=None if vanished else report,
        vanished=report if vanished else None,
        stages={
            name: StageEnd(
                frames=_number(stage["frames"]),
                stdout_truncated=bool(stage["stdout_truncated"]),
                stderr_truncated=bool(stage["stderr_truncated"]),
            )
            for name, stage in records.items()
        },
    )


def _stage_report(stage: Mapping[str, object]) -> StageReport:
    vanished = stage["status"] is None
    status = signal.SIGKILL if vanished else _number(stage["status"])
    limit = Limit.MEMORY if vanished else None
    if stage["stopped_by"] is not None:
        limit = Limit(_text(stage["stopped_by"]))
    return StageReport(
        exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        signal=signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None,
        wall_us=_number(stage["wall_us"]),
        cpu_us=None if vanished else _number(stage["cpu_us"]),
        memory_peak_kib=None if vanished else _number(stage["peak_kib"]),
        stopped_by=limit,
    )


def _parse_frame(line: bytes) -> tuple[str, Frame]:
    try:
        frame = json.loads(line)
        stage = frame["stage"]
        if stage not in (_COMPILE, _RUN):
            raise ValueError(stage)
        return stage, Frame(
            sequence=_number(frame["sequence"]),
            stream=Stream(frame["stream"]),
            offset=_number(frame["offset"]),
            content=base64.b64decode(frame["content"], validate=True),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"not a line of the collector: {type(error).__name__}") from error


def _up_to_gap(frames: Sequence[Frame], first: int = 1) -> list[Frame]:
    whole = []
    for expected, frame in enumerate(frames, start=first):
        if frame.sequence != expected:
            break
        whole.append(frame)
    return whole


def _output(frames: Mapping[str, Sequence[Frame]], end: End | None) -> Output | None:
    if end is None or end.fault is not None:
        return None
    outputs: dict[str, StageOutput] = {}
    for name, stage in end.stages.items():
        if len(frames[name]) != stage.frames or len(_up_to_gap(frames[name])) != stage.frames:
            return None
        outputs[name] = _stage_output(frames[name], stage)
    runs = (outputs[_RUN],) if _RUN in outputs else ()
    return Output(compile=outputs.get(_COMPILE), runs=runs)


def _stage_output(frames: Sequence[Frame], stage: StageEnd) -> StageOutput:
    def content(stream: Stream) -> bytes:
        return b"".join(frame.content for frame in frames if frame.stream is stream)

    return StageOutput(
        stdout=content(Stream.STDOUT),
        stderr=content(Stream.STDERR),
        stdout_truncated=stage.stdout_truncated,
        stderr_truncated=stage.stderr_truncated,
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not a record")
    return value
