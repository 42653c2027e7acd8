"""What is stored of ended pods, even while the disk is full."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.daemon.recorder import Recorder
from sandbox.daemon.spool import RESTARTED, Spool
from sandbox.wire.types import (
    Frame,
    Observation,
    Output,
    Phase,
    Report,
    StageOutput,
    StageReport,
    Stream,
)
from tests.support.disks import KINDS, Kind, disk, kept_full

LARGE = b"x" * 300_000
STAGE = StageReport(exit_code=0, signal=None, wall_us=1, cpu_us=2, memory_peak_kib=3)
MIB = 1 << 20
LARGER = 3 * MIB // 2


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    kind: Kind = request.param
    with disk(kind, tmp_path, 4) as place:
        yield place


def printed(*parts: tuple[Stream, bytes], cap: int = 1 << 30) -> Recorder:
    recorder = Recorder(cap)
    for stream, content in parts:
        recorder.take(stream, content)
    return recorder


def an_end(name: str, runs: int) -> Observation:
    report = Report(compile=None, runs=(STAGE,) * runs)
    return Observation(name=name, phase=Phase.ENDED, started_at=1, ended_at=2, report=report)


def end(spool: Spool, name: str, *runs: Recorder | None) -> Observation:
    """Store a pod with these runs."""
    record = spool.begin(name)
    for run in runs:
        record.keep_run(run)
    observation = an_end(name, len(runs))
    spool.end(record, observation)
    return observation


def only_stdout(spool: Spool, name: str) -> bytes:
    output = spool.output(name, 0)
    assert output
    (run,) = output.runs
    assert run
    return run.stdout


def test_a_pod_that_ends_on_a_full_disk_is_kept(folder: Path) -> None:
    spool = Spool(folder / "pods")
    with kept_full(folder):
        for name in ("one", "two"):
            end(spool, name, printed((Stream.STDOUT, LARGE)))
            assert only_stdout(spool, name) == LARGE
        spool.remove("one")
        assert spool.output("one", 0) is None
        assert only_stdout(spool, "two") == LARGE
    spool.remove("some other one")
    assert only_stdout(Spool(folder / "pods"), "two") == LARGE, "it is on disk by now"


@pytest.mark.parametrize(("size", "comes"), [(0, True), (16 << 10, True), (16 << 10 | 1, False)])
def test_little_output_comes_with_the_end(tmp_path: Path, size: int, *, comes: bool) -> None:
    spool = Spool(tmp_path)
    record = spool.begin("one")
    record.keep_compile(printed((Stream.STDERR, b"a" * (size // 2))))
    record.keep_run(printed((Stream.STDOUT, b"b" * (size - size // 2))))

    ended = spool.end(record, an_end("one", 1))

    assert ended == replace(an_end("one", 1), output=spool.output("one", 0) if comes else None)
    assert spool.observation("one") == an_end("one", 1)


def test_a_fault_comes_without_output(tmp_path: Path) -> None:
    fault = Observation(name="one", phase=Phase.FAULTED, message="why")
    spool = Spool(tmp_path)
    assert spool.end(spool.begin("one"), fault) == fault


def test_a_disk_that_gets_full_between_two_runs_loses_nothing(folder: Path) -> None:
    spool = Spool(folder / "pods")
    record = spool.begin("one")
    record.keep_run(printed((Stream.STDOUT, b"a" * LARGER)))
    with kept_full(folder):
        record.keep_run(printed((Stream.STDOUT, b"b" * LARGER)))
        record.keep_run(printed((Stream.STDERR, b"c")))
        spool.end(record, an_end("one", 3))
        during = spool.output("one", 0)

    assert during
    assert [run and (run.stdout[:1], len(run.stdout), run.stderr) for run in during.runs] == [
        (b"a", LARGER, b""),
        (b"b", LARGER, b""),
        (b"", 0, b"c"),
    ]


def test_a_daemon_that_is_killed_on_a_full_disk_forgets_it(folder: Path) -> None:
    """Like a pod that was running: its attempt is repeated."""
    spool = Spool(folder / "pods")
    spool.begin("known")
    with kept_full(folder):
        end(spool, "known", printed((Stream.STDOUT, LARGE)))
        left = Spool(folder / "pods").observation("known")
        assert left is not None
        assert left.message == RESTARTED


def test_everything_outlives_the_daemon(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    record = spool.begin("one")
    compiled = printed((Stream.STDERR, b"warning"))
    first = printed((Stream.STDOUT, b"ab"), (Stream.STDERR, b"x"), (Stream.STDOUT, b"c"), cap=2)
    record.keep_compile(compiled)
    for run in (first, None, printed()):
        record.keep_run(run)
    spool.end(record, an_end("one", 3))

    later = Spool(tmp_path)

    assert later.observation("one") == an_end("one", 3)
    assert later.output("one", 0) == Output(
        compile=StageOutput(stdout=b"", stderr=b"warning"),
        runs=(
            StageOutput(stdout=b"ab", stderr=b"x", stdout_truncated=True),
            None,
            StageOutput(stdout=b"", stderr=b""),
        ),
    )
    assert later.output("one", 1) == Output(
        compile=None, runs=(None, StageOutput(stdout=b"", stderr=b""))
    )


def test_much_output_is_read_in_parts(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    runs = [printed((Stream.STDOUT, bytes([number]) * (MIB + MIB // 2))) for number in range(7)]
    end(spool, "one", *runs)
    read: list[bytes] = []
    while len(read) < len(runs):
        output = spool.output("one", len(read))
        assert output
        assert sum(len(run.stdout) for run in output.runs if run) <= 4 * MIB
        read += [run.stdout for run in output.runs if run]

    assert read == [bytes([number]) * (MIB + MIB // 2) for number in range(7)]


def test_much_output_is_on_disk_before_the_pod_ends(tmp_path: Path) -> None:
    record = Spool(tmp_path).begin("one")
    record.keep_run(printed((Stream.STDOUT, b"x" * 2 * MIB)))
    assert (tmp_path / "one").stat().st_size == 2 * MIB


def test_frames_are_those_of_the_only_run(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    both = ((Stream.STDOUT, b"ab"), (Stream.STDERR, b"x"), (Stream.STDOUT, b"c"))
    end(spool, "one", printed(*both))
    end(spool, "several", printed(*both), printed(*both))

    assert spool.frames("one", 0) == printed(*both).frames
    assert spool.frames("one", 2) == [Frame(3, Stream.STDOUT, 2, b"c")]
    assert spool.frames("several", 0) == []


@pytest.mark.parametrize("cut", [0, 1, 100, 301])
def test_a_file_that_is_incomplete_stands_for_a_lost_pod(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path)
    end(spool, "one", printed((Stream.STDOUT, b"{" * 300)))
    os.truncate(tmp_path / "one", cut)

    left = spool.observation("one")

    assert left == Observation(name="one", phase=Phase.FAULTED, message=RESTARTED)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_pod_that_the_first_release_stored_is_read(tmp_path: Path, compiled: bool) -> None:
    """As the daemon of 0.1.0 left it."""
    stage = {
        "exit_code": 0,
        "signal": None,
        "wall_us": 1,
        "cpu_us": 2,
        "memory_peak_kib": 3,
        "stopped_by": None,
    }
    said = {"stdout": 1, "stderr": 2, "stdout_truncated": False, "stderr_truncated": True}
    header = {
        "observation": {
            "name": "one",
            "phase": "ended",
            "started_at": 1,
            "ended_at": 2,
            "report": {"compile": stage if compiled else None, "run": stage},
            "message": None,
        },
        "compile_output": said if compiled else None,
        "frames": [[1, "stdout", 0, 2], [2, "stderr", 0, 1], [3, "stdout", 2, 1]],
        "truncated": ["stdout"],
    }
    body = b"123" * compiled + b"abxc"
    (tmp_path / "one").write_bytes(json.dumps(header).encode() + b"\n" + body)
    spool = Spool(tmp_path)

    seen, output = spool.observation("one"), spool.output("one", 0)

    assert seen
    assert seen.report
    assert seen.report.runs == (STAGE,)
    assert output == Output(
        compile=StageOutput(stdout=b"1", stderr=b"23", stderr_truncated=True) if compiled else None,
        runs=(StageOutput(stdout=b"abc", stderr=b"x", stdout_truncated=True),),
    )
    assert spool.frames("one", 1) == [
        Frame(2, Stream.STDERR, 0, b"x"),
        Frame(3, Stream.STDOUT, 2, b"c"),
    ]


def test_a_pod_that_faulted_has_no_output(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    fault = Observation(name="one", phase=Phase.FAULTED, message="it is a test")
    spool.end(spool.begin("one"), fault)

    assert spool.observation("one") == fault
    assert spool.output("one", 0) is None
