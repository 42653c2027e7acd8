"""How a collector's log is read, even if it is truncated, out of order or forged."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.report import Frame, Limit, StageOutput, StageReport, Stream
from app.infrastructure.kubernetes.end_record import Broken, parse_end
from app.infrastructure.kubernetes.transcript import frames_after, parse_transcript, runs_ended

PIECES = st.lists(
    st.tuples(st.sampled_from([Stream.STDOUT, Stream.STDERR]), st.binary(min_size=1, max_size=20))
)


def a_stage(frames: int = 0, stage: int = 1, **facts: Any) -> dict[str, Any]:
    return {
        "stage": stage,
        "status": 0,
        "wall_us": 23_400,
        "cpu_us": 18_000,
        "peak_kib": 9_216,
        "stopped_by": None,
        "frames": frames,
        "stdout_truncated": False,
        "stderr_truncated": False,
    } | facts


def an_end(*stages: object, runs: object = 1, **facts: Any) -> str:
    record = {
        "began_us": 1_000_000,
        "ended_us": 2_000_000,
        "runs": runs,
        "left": 0,
        "ended": len(stages),
        "stages": stages,
    }
    return json.dumps({"end": record | facts}) + "\n"


def endings(*stages: object, **facts: Any) -> bytes:
    """The last lines of a log whose stages end in this way."""
    lines = [json.dumps({"ended": stage}) + "\n" for stage in stages]
    return "".join([*lines, an_end(*stages, **facts)]).encode()


def frames_of(pieces: Sequence[tuple[Stream, bytes]]) -> list[Frame]:
    frames = []
    sizes = dict.fromkeys(Stream, 0)
    for sequence, (stream, content) in enumerate(pieces, start=1):
        frames.append(Frame(sequence, stream, sizes[stream], content))
        sizes[stream] += len(content)
    return frames


def line(frame: Frame, stage: int = 1, of: int = 1) -> bytes:
    record = {
        "stage": stage,
        "of": of,
        "sequence": frame.sequence,
        "stream": frame.stream,
        "offset": frame.offset,
        "content": base64.b64encode(frame.content).decode(),
    }
    return json.dumps(record).encode() + b"\n"


def printed(frames: Sequence[Frame]) -> StageOutput:
    def content(stream: Stream) -> bytes:
        return b"".join(frame.content for frame in frames if frame.stream is stream)

    return StageOutput(stdout=content(Stream.STDOUT), stderr=content(Stream.STDERR))


@given(compiled=PIECES, ran=PIECES)
def test_a_whole_log_gives_all_that_was_printed(
    compiled: list[tuple[Stream, bytes]], ran: list[tuple[Stream, bytes]]
) -> None:
    compile_frames, run_frames = frames_of(compiled), frames_of(ran)
    log = b"".join(line(frame, 0) for frame in compile_frames)
    log += b"".join(line(frame) for frame in run_frames)
    log += endings(a_stage(len(compiled), 0), a_stage(len(ran)))

    transcript = parse_transcript(log)

    assert transcript.frames == run_frames
    assert transcript.output
    assert transcript.output.compile == printed(compile_frames)
    assert transcript.output.run == printed(run_frames)


@given(pieces=PIECES, data=st.data())
def test_a_log_cut_anywhere_is_what_was_written_so_far(
    pieces: list[tuple[Stream, bytes]], data: st.DataObject
) -> None:
    """It is read while it is written."""
    frames = frames_of(pieces)
    log = b"".join(map(line, frames)) + endings(a_stage(len(frames)))
    cut = data.draw(st.integers(0, len(log) - 1))

    transcript = parse_transcript(log[:cut])

    assert transcript.frames == frames[: log[:cut].count(b"\n")]
    assert (transcript.so_far is not None) == (log[:cut].count(b"\n") > len(frames))
    assert transcript.end is None
    assert transcript.output is None


@given(pieces=PIECES.filter(bool), data=st.data())
def test_a_missing_frame_is_noticed(
    pieces: list[tuple[Stream, bytes]], data: st.DataObject
) -> None:
    frames = frames_of(pieces)
    missing = data.draw(st.integers(0, len(frames) - 1))
    rest = frames[:missing] + frames[missing + 1 :]
    log = b"".join(map(line, rest)) + endings(a_stage(len(frames)))

    transcript = parse_transcript(log)

    assert transcript.frames == frames[:missing]
    assert transcript.end
    assert transcript.output is None


@given(compiled=PIECES, ran=PIECES, data=st.data())
def test_last_lines_tell_what_comes_after_a_frame_or_that_they_do_not_reach_it(
    compiled: list[tuple[Stream, bytes]], ran: list[tuple[Stream, bytes]], data: st.DataObject
) -> None:
    frames = frames_of(ran)
    lines = [line(frame, 0) for frame in frames_of(compiled)] + list(map(line, frames))
    after = data.draw(st.integers(0, len(frames)))
    last = lines[data.draw(st.integers(0, len(lines))) :]

    reaches = len(last) >= max(1, len(frames) - after) and bool(frames)
    assert frames_after(after, b"".join(last)) == (frames[after:] if reaches else None)


def test_what_comes_after_a_gap_is_not_read() -> None:
    first, second, _, fourth = frames_of([(Stream.STDOUT, b"x")] * 4)
    lines = b"".join(map(line, (first, second, fourth)))

    assert frames_after(1, lines) == [second]
    assert frames_after(0, line(second)) is None


@given(st.binary(max_size=200))
def test_anything_else_is_broken_and_nothing_worse(noise: bytes) -> None:
    try:
        transcript = parse_transcript(noise + b"\n")
    except Broken:
        return
    assert transcript.frames == []


@given(st.text(max_size=200) | st.from_type(dict).map(json.dumps))
def test_a_message_that_is_no_end_record_is_broken(message: str) -> None:
    with pytest.raises(Broken):
        parse_end(message)


@pytest.mark.parametrize(
    "record",
    [
        an_end(),
        an_end({}),
        an_end(7),
        an_end(stages={}),
        an_end(a_stage(), runs=None),
        an_end(a_stage(status="0")),
        an_end(a_stage(status=True)),
        an_end(a_stage(stopped_by="magic")),
        '{"end": {"fault": 7}}',
        '{"end": []}',
    ],
)
def test_a_wrong_end_record_is_broken(record: str) -> None:
    with pytest.raises(Broken):
        parse_end(record)


def test_a_line_after_the_end_is_broken() -> None:
    with pytest.raises(Broken):
        parse_transcript(endings(a_stage()) * 2)


@pytest.mark.parametrize(
    ("status", "exit_code", "signal"),
    [(0, 0, None), (7 << 8, 7, None), (137 << 8, 137, None), (9, None, "SIGKILL"),
     (11 | 0x80, None, "SIGSEGV"), (40, None, "SIGRTMIN+6")],
)  # fmt: skip
def test_raw_wait_statuses(status: int, exit_code: int | None, signal: str | None) -> None:
    report = parse_end(an_end(a_stage(status=status))).report

    assert report
    assert report.compile is None
    assert report.run == StageReport(
        exit_code=exit_code,
        signal=signal,
        wall_us=23_400,
        cpu_us=18_000,
        memory_peak_kib=9_216,
    )


def test_a_limit_and_what_was_cut() -> None:
    log = endings(a_stage(status=9, stopped_by="output_kib", stdout_truncated=True))

    transcript = parse_transcript(log)

    assert transcript.end
    assert transcript.end.report
    assert transcript.end.report.run
    assert transcript.end.report.run.stopped_by is Limit.OUTPUT
    assert transcript.output
    assert transcript.output.run
    assert transcript.output.run.stdout_truncated
    assert not transcript.output.run.stderr_truncated


def test_a_fault_is_no_report() -> None:
    end = parse_end('{"end": {"fault": "init failed to execute: No such file or directory"}}\n')

    assert end.fault == "init failed to execute: No such file or directory"
    assert end.report is None


def test_an_init_that_vanished_may_have_been_killed_for_memory() -> None:
    end = parse_end(an_end(a_stage(stage=0), a_stage(status=None, wall_us=5)))

    assert end.vanished
    assert end.report
    assert end.report.run == StageReport(
        exit_code=None,
        signal="SIGKILL",
        wall_us=5,
        cpu_us=None,
        memory_peak_kib=None,
        stopped_by=Limit.MEMORY,
    )


RUNS = st.lists(st.none() | PIECES, min_size=1, max_size=5).filter(lambda runs: runs[0] is not None)
"""What each run prints; None for one that was skipped."""


@given(runs=RUNS)
def test_runs_are_told_apart_and_skipped_ones_are_none(
    runs: list[list[tuple[Stream, bytes]] | None],
) -> None:
    log, stages = b"", []
    for number, pieces in enumerate(runs, start=1):
        if pieces is not None:
            frames = frames_of(pieces)
            log += b"".join(line(frame, number, len(runs)) for frame in frames)
            stages.append(a_stage(len(frames), number, wall_us=number))
            log += json.dumps({"ended": stages[-1]}).encode() + b"\n"
    log += an_end(*stages, runs=len(runs)).encode()

    transcript = parse_transcript(log)

    assert transcript.output
    assert transcript.output.runs == tuple(
        None if pieces is None else printed(frames_of(pieces)) for pieces in runs
    )
    assert transcript.end
    assert transcript.end.report
    assert [run and run.wall_us for run in transcript.end.report.runs] == [
        None if pieces is None else number for number, pieces in enumerate(runs, start=1)
    ]


def test_a_message_without_room_for_all_stages_leaves_them_to_the_log() -> None:
    stages = [a_stage(stage=number) for number in (1, 2)]
    log = endings(*stages, runs=2, stages=None)

    assert parse_end(log.splitlines()[-1].decode()).report is None
    end = parse_transcript(log).end
    assert end
    assert end.report
    assert len(end.report.runs) == 2


def test_a_missing_end_of_a_stage_is_not_taken_for_a_skipped_run() -> None:
    log = endings(*(a_stage(stage=number) for number in (1, 2, 3)), runs=3)
    _, rest = log.split(b"\n", 1)

    transcript = parse_transcript(rest)

    assert transcript.output is None
    assert transcript.end
    assert transcript.end.report is None


def test_the_last_line_tells_how_many_runs_have_ended() -> None:
    (frame,) = frames_of([(Stream.STDOUT, b"x")])

    assert runs_ended(b"") == 0
    assert runs_ended(line(frame, 0, 3)) == 0
    assert runs_ended(line(frame, 1, 3)) == 0
    assert runs_ended(line(frame, 3, 3)) == 2
    assert runs_ended(json.dumps({"ended": a_stage(stage=3)}).encode() + b"\n") == 3


def test_a_pod_with_several_runs_is_not_followed() -> None:
    assert frames_after(0, line(frames_of([(Stream.STDOUT, b"x")])[0], of=2)) == []
