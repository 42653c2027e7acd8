"""The collector's log, with all of the program's output.

Each line is a JSON object. If the pod was started ahead, the first one says how many bytes of input
it was handed over: `{"taken": 1234}`.

A frame has at most 8 KiB, so that a container runtime doesn't split its
line, and is numbered from 1 within its stage. Stage 0 compiles; 1, 2, 3 … are the pod's runs, of
which it has as many as `of` says:

    {"stage": 1, "of": 1, "sequence": 1, "stream": "stdout", "offset": 0, "content": "<base64>"}

When a stage has ended, a line says how. A run without one was skipped:

    {"ended": {"stage": 1, "status": 0, "wall_us": …, "cpu_us": …, "peak_kib": …,
     "stopped_by": null, "frames": 7, "stdout_truncated": false, "stderr_truncated": false}}

`status` is the raw wait status, or null if init ended before it could report. Lines about files
that the program created follow (collected.py). The last line is the end record (end_record.py).
"""

import base64
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.report import Frame, Output, Report, StageOutput, Stream
from app.infrastructure.kubernetes.collected import BEGINNINGS, Files, parse_files
from app.infrastructure.kubernetes.end_record import (
    COMPILE,
    FIRST_RUN,
    Broken,
    End,
    StageEnd,
    parse_end,
    parse_stage_end,
    report_of,
    whole_number,
)
from app.infrastructure.kubernetes.handover import TAKEN


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


def parse_transcript(log: bytes) -> Transcript:
    """Parse the collector's log or the start of it, without an incomplete last line.

    Raises Broken if a line doesn't have the collector's format.
    """
    lines = _parse_lines(log)
    return Transcript(
        frames=_up_to_gap(lines.frames[FIRST_RUN]),
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
    run = parsed.frames[FIRST_RUN]
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
    return max((stage - 1 for stage in lines.frames if stage > COMPILE), default=0)


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
            lines.ended.append(parse_stage_end(line))
        elif line.startswith(BEGINNINGS):
            lines.files.append(line)
        elif not line.startswith(TAKEN):
            stage, runs, frame = _parse_frame(line)
            lines.frames[stage].append(frame)
            lines.runs = runs
    return lines


def _files(lines: Sequence[bytes]) -> Files | None:
    try:
        return parse_files(lines)
    except (ValueError, LookupError, TypeError) as error:
        raise Broken(f"not a line about a file: {type(error).__name__}") from error


def _report_so_far(stages: Sequence[StageEnd]) -> Report | None:
    last = max((stage.stage for stage in stages), default=COMPILE)
    return report_of(stages, last) if last > COMPILE else None


def _parse_frame(line: bytes) -> tuple[int, int, Frame]:
    """Return the stage's number, the number of runs, and the frame."""
    try:
        frame = json.loads(line)
        return (
            whole_number(frame["stage"]),
            whole_number(frame["of"]),
            Frame(
                sequence=whole_number(frame["sequence"]),
                stream=Stream(frame["stream"]),
                offset=whole_number(frame["offset"]),
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
    runs = range(FIRST_RUN, lines.end.runs + 1)
    return Output(compile=outputs.get(COMPILE), runs=tuple(map(outputs.get, runs)))


def _stage_output(frames: Sequence[Frame], stage: StageEnd) -> StageOutput:
    def content(stream: Stream) -> bytes:
        return b"".join(frame.content for frame in frames if frame.stream is stream)

    return StageOutput(
        stdout=content(Stream.STDOUT),
        stderr=content(Stream.STDERR),
        stdout_truncated=stage.stdout_truncated,
        stderr_truncated=stage.stderr_truncated,
    )
