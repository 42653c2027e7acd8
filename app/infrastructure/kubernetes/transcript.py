"""The collector's log, with all of the program's output, and its end record.

Each line is a JSON object. A frame has at most 8 KiB, so that a container runtime doesn't split its
line, and is numbered from 1 within its stage. Stage 0 compiles; 1, 2, 3 … are the pod's runs, of
which it has as many as `of` says:

    {"stage": 1, "of": 1, "sequence": 1, "stream": "stdout", "offset": 0, "content": "<base64>"}

When a stage has ended, a line says how. A run without one was skipped:

    {"ended": {"stage": 1, "status": 0, "wall_us": …, "cpu_us": …, "peak_kib": …,
     "stopped_by": null, "frames": 7, "stdout_truncated": false, "stderr_truncated": false}}

`status` is the raw wait status, or null if init ended before it could report. Lines about files
that the program created follow (collected.py). The last line is the end record, which is also the
termination message (`parse_end`):

    {"end": {"began_us": …, "ended_us": …, "runs": 1, "left": 0, "ended": 1, "stages": [{…}]}}
    {"end": {"fault": "init failed to execute: No such file or directory"}}

`stages` are the `ended` ones, or null if they are too long for a termination message. `runs` counts
those that ended or were skipped; it is 0 if the compile stage failed, or if it succeeded without a
program that can be started. `left` counts those that could not start without init.
"""

import base64
import json
import os
import signal
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.domain.execution import Time
from app.domain.report import Frame, Limit, Output, Report, StageOutput, StageReport, Stream
from app.infrastructure.kubernetes.collected import BEGINNINGS, Files, parse_files
from sandbox.init.protocol import signal_name

_COMPILE: Final = 0
_FIRST_RUN: Final = 1


class Broken(ValueError):
    """The text doesn't have the collector's format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEnd:
    """How a stage ended, and what the collector counted in it."""

    stage: int
    report: StageReport
    vanished: bool
    """init was gone before it could report, so `report` supposes that memory was the reason."""
    frames: int
    stdout_truncated: bool
    stderr_truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end record."""

    began_at: Time | None = None
    """When the first stage began, by the node's clock. None if it didn't."""
    ended_at: Time | None = None
    fault: str | None = None
    """What could not be set up; not the program's fault. All else is empty then."""
    runs: int = 0
    left: int = 0
    """How many runs follow that could not start, because init was lost in the last one."""
    ended: int = 0
    stages: Sequence[StageEnd] | None = ()
    """None if only the log has them, or if a line of the log is missing."""

    @property
    def report(self) -> Report | None:
        """None if there was a fault, or if only the log has it."""
        if self.fault is not None or self.stages is None:
            return None
        return _report(self.stages, self.runs)

    @property
    def vanished(self) -> bool:
        """The kernel killed all of main for memory, before init could report.

        That happened if the kubelet reports OOMKilled for main; otherwise it is a fault.
        """
        return any(stage.vanished for stage in self.stages or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The contents of a log, which may be incomplete."""

    frames: Sequence[Frame]
    """The first run's frames, up to the first gap."""
    so_far: Report | None
    """The stages that have ended. None if no run has."""
    end: End | None
    """None while the pod runs, or if the log is truncated. It has all stages."""
    output: Output | None
    """None if the end record or a frame is missing."""
    files: Files | None
    """None if there are no lines about files, or if one of them is missing."""


@dataclass(slots=True)
class _Lines:
    """The lines of a log by their kind."""

    frames: dict[int, list[Frame]] = field(default_factory=lambda: defaultdict(list))
    ended: list[StageEnd] = field(default_factory=list)
    end: End | None = None
    runs: int = 0
    """Of the pod. 0 if there are no frames."""
    files: list[bytes] = field(default_factory=list)
    """Not parsed yet."""


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
    lines = _parse_lines(log)
    return Transcript(
        frames=_up_to_gap(lines.frames[_FIRST_RUN]),
        so_far=_report_so_far(lines.ended),
        end=lines.end,
        output=_output(lines),
        files=_files(lines.files),
    )


def frames_after(after: int, lines: bytes) -> list[Frame] | None:
    """Return the only run's frames with a sequence > `after`, up to the first gap.

    None of a pod with several runs. `lines` are a log or its last lines: None if these don't go
    back far enough. Raises Broken.
    """
    parsed = _parse_lines(lines)
    if parsed.runs > 1:
        return []
    run = parsed.frames[_FIRST_RUN]
    if not run or run[0].sequence > after + 1:
        return None
    return _up_to_gap([frame for frame in run if frame.sequence > after], first=after + 1)


def runs_ended(last_line: bytes) -> int:
    """Return how many runs had ended or been skipped when the log's last line was written.

    Raises Broken.
    """
    lines = _parse_lines(last_line)
    if lines.end:
        return lines.end.runs
    if lines.ended:
        return lines.ended[-1].stage
    return max((stage - 1 for stage in lines.frames if stage > _COMPILE), default=0)


def _parse_lines(log: bytes) -> _Lines:
    lines = _Lines()
    for line in log.split(b"\n")[:-1]:
        if lines.end is not None:
            raise Broken("a line after the end record")
        if line.startswith(b'{"end"'):
            end = parse_end(line.decode(errors="replace"))
            complete = len(lines.ended) == end.ended
            lines.end = replace(end, stages=lines.ended if complete else None)
        elif line.startswith(b'{"ended"'):
            lines.ended.append(_parse_ended(line))
        elif line.startswith(BEGINNINGS):
            lines.files.append(line)
        else:
            stage, runs, frame = _parse_frame(line)
            lines.frames[stage].append(frame)
            lines.runs = runs
    return lines


def _files(lines: Sequence[bytes]) -> Files | None:
    try:
        return parse_files(lines)
    except (ValueError, LookupError, TypeError) as error:
        raise Broken(f"not a line about a file: {type(error).__name__}") from error


def _end(record: Mapping[str, object]) -> End:
    if (fault := record.get("fault")) is not None:
        return End(fault=_text(fault))
    stages = record["stages"]
    if stages is not None and not isinstance(stages, list):
        raise TypeError("not a list")
    if stages == []:
        raise Broken("an end record without a stage")
    return End(
        began_at=_number(record["began_us"]) or None,
        ended_at=_number(record["ended_us"]),
        runs=_number(record["runs"]),
        left=_number(record["left"]),
        ended=_number(record["ended"]),
        stages=None if stages is None else [_stage_end(_mapping(stage)) for stage in stages],
    )


def _parse_ended(line: bytes) -> StageEnd:
    try:
        return _stage_end(_mapping(json.loads(line)["ended"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"not the end of a stage: {type(error).__name__}") from error


def _stage_end(stage: Mapping[str, object]) -> StageEnd:
    return StageEnd(
        stage=_number(stage["stage"]),
        report=_stage_report(stage),
        vanished=stage["status"] is None,
        frames=_number(stage["frames"]),
        stdout_truncated=bool(stage["stdout_truncated"]),
        stderr_truncated=bool(stage["stderr_truncated"]),
    )


def _report(stages: Sequence[StageEnd], runs: int) -> Report:
    by_stage = {stage.stage: stage.report for stage in stages}
    return Report(
        compile=by_stage.get(_COMPILE),
        runs=tuple(by_stage.get(number) for number in range(_FIRST_RUN, runs + 1)),
    )


def _report_so_far(stages: Sequence[StageEnd]) -> Report | None:
    last = max((stage.stage for stage in stages), default=_COMPILE)
    return _report(stages, last) if last > _COMPILE else None


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


def _parse_frame(line: bytes) -> tuple[int, int, Frame]:
    """Return the stage's number, the number of runs, and the frame."""
    try:
        frame = json.loads(line)
        return (
            _number(frame["stage"]),
            _number(frame["of"]),
            Frame(
                sequence=_number(frame["sequence"]),
                stream=Stream(frame["stream"]),
                offset=_number(frame["offset"]),
                content=base64.b64decode(frame["content"], validate=True),
            ),
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


def _output(lines: _Lines) -> Output | None:
    if lines.end is None or lines.end.report is None:
        return None
    outputs: dict[int, StageOutput] = {}
    for stage in lines.ended:
        frames = lines.frames[stage.stage]
        if len(frames) != stage.frames or len(_up_to_gap(frames)) != stage.frames:
            return None
        outputs[stage.stage] = _stage_output(frames, stage)
    runs = range(_FIRST_RUN, lines.end.runs + 1)
    return Output(compile=outputs.get(_COMPILE), runs=tuple(map(outputs.get, runs)))


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
