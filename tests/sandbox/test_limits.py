"""Limits are enforced, and the report says which one was reached."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Limit, StageReport, Stream
from app.domain.submission import File
from tests.support.sandbox_daemon import SandboxDaemon

KIB = 1024


def run_report(sandbox: SandboxDaemon, name: str, source: str, **limits: Any) -> StageReport:
    observation, _ = sandbox.run(name, source, limits=replace(DEFAULT_LIMITS, **limits))
    assert observation.report
    assert observation.report.run
    return observation.report.run


@pytest.mark.parametrize("stream", [Stream.STDOUT, Stream.STDERR])
def test_output_of_exactly_the_cap_is_whole(sandbox: SandboxDaemon, stream: Stream) -> None:
    observation, output = sandbox.run("python", f"import sys\nsys.{stream}.write('x' * 256 * 1024)")

    assert observation.report
    assert observation.report.run
    assert observation.report.run.exit_code == 0
    assert observation.report.run.stopped_by is None
    assert output.run
    content = {Stream.STDOUT: output.run.stdout, Stream.STDERR: output.run.stderr}
    assert content[stream] == b"x" * 256 * KIB
    assert not output.run.stdout_truncated
    assert not output.run.stderr_truncated


@pytest.mark.parametrize("stream", [Stream.STDOUT, Stream.STDERR])
@pytest.mark.parametrize("extra", [1, 10_000_000])
def test_a_byte_more_is_cut_and_stops_it(
    sandbox: SandboxDaemon, stream: Stream, extra: int
) -> None:
    source = f"import sys\nsys.{stream}.write('x' * (256 * 1024 + {extra}))"

    observation, output = sandbox.run("python", source)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is Limit.OUTPUT
    assert output.run
    content = {Stream.STDOUT: output.run.stdout, Stream.STDERR: output.run.stderr}
    truncated = {
        Stream.STDOUT: output.run.stdout_truncated,
        Stream.STDERR: output.run.stderr_truncated,
    }
    assert content[stream] == b"x" * 256 * KIB
    assert truncated == {other: other is stream for other in (Stream.STDOUT, Stream.STDERR)}


def test_wall_time(sandbox: SandboxDaemon) -> None:
    observation, output = sandbox.run(
        "bash", "echo before; sleep 60", limits=replace(DEFAULT_LIMITS, wall_seconds=0.3)
    )

    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is Limit.WALL
    assert observation.report.run.signal == "SIGKILL"
    assert 300_000 <= observation.report.run.wall_us < 60_000_000
    assert output.run
    assert output.run.stdout == b"before\n"


def test_wall_time_of_one_that_ignores_signals(sandbox: SandboxDaemon) -> None:
    source = "trap '' TERM INT HUP XCPU; (setsid sleep 60 &); sleep 60"

    assert run_report(sandbox, "bash", source, wall_seconds=0.3).stopped_by is Limit.WALL


def test_cpu_time(sandbox: SandboxDaemon) -> None:
    report = run_report(sandbox, "bash", "while :; do :; done", cpu_seconds=0.3)

    assert report.stopped_by is Limit.CPU
    assert report.cpu_us
    assert 300_000 <= report.cpu_us < 600_000


def test_cpu_time_of_all_its_processes_together(sandbox: SandboxDaemon) -> None:
    source = "for i in 1 2 3 4; do (while :; do :; done) & done; wait"

    report = run_report(sandbox, "bash", source, cpu_seconds=0.5)

    assert report.stopped_by is Limit.CPU
    assert report.cpu_us
    assert report.cpu_us < 1_000_000


def test_memory(sandbox: SandboxDaemon) -> None:
    report = run_report(sandbox, "python", "x = bytearray(500_000_000)", memory_mib=64)

    assert report.stopped_by is Limit.MEMORY
    assert report.memory_peak_kib == 64 * KIB


def test_memory_of_a_child(sandbox: SandboxDaemon) -> None:
    source = "python3 -c 'x = bytearray(500_000_000)'\necho after\nexit 5"

    observation, output = sandbox.run("bash", source)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is Limit.MEMORY
    assert observation.report.run.exit_code == 5
    assert output.run
    assert output.run.stdout == b"after\n"


def test_a_program_that_gets_over_it_ran_out_of_no_memory(sandbox: SandboxDaemon) -> None:
    report = run_report(sandbox, "bash", "python3 -c 'x = bytearray(500_000_000)'; exit 0")

    assert report.stopped_by is None
    assert report.exit_code == 0


def test_memory_limits_count_from_one_run_to_the_next(sandbox: SandboxDaemon) -> None:
    for _ in range(sandbox.bays + 1):
        run_report(sandbox, "python", "x = bytearray(500_000_000)", memory_mib=32)
    for _ in range(sandbox.bays + 1):
        report = run_report(sandbox, "python", "raise SystemExit(1)")
        assert report.stopped_by is None
        assert report.memory_peak_kib
        assert report.memory_peak_kib < 32 * KIB


def test_processes(sandbox: SandboxDaemon) -> None:
    source = (
        "import os, time\n"
        "for count in range(1000):\n"
        "    try:\n"
        "        if os.fork() == 0: time.sleep(60)\n"
        "    except BlockingIOError:\n"
        "        break\n"
        "print(count + 1)\n"
    )
    _, output = sandbox.run("python", source, limits=replace(DEFAULT_LIMITS, processes=10))

    assert output.run
    assert output.run.stdout == b"10\n"


def test_a_fork_bomb_is_held_and_leaves_nothing(sandbox: SandboxDaemon) -> None:
    bomb = "bomb() { bomb | bomb & }; bomb; while :; do sleep 0.01; done 2>&-"

    report = run_report(sandbox, "bash", bomb, wall_seconds=0.5, output_kib=1024)

    assert report.stopped_by is Limit.WALL
    assert sandbox.jailed() == []


def test_disk(sandbox: SandboxDaemon) -> None:
    source = "head -c 100M /dev/zero > big; stat -c %s big; head -c 1M /dev/zero > /tmp/more"

    _, output = sandbox.run("bash", source, limits=replace(DEFAULT_LIMITS, disk_mib=2))

    assert output.run
    assert int(output.run.stdout) <= 2 * KIB * KIB
    assert output.run.stderr.count(b"No space left on device") == 2


def test_inodes(sandbox: SandboxDaemon) -> None:
    source = "i=0; while : > $i; do i=$((i+1)); done 2>/dev/null; echo $i"

    _, output = sandbox.run("bash", source, limits=replace(DEFAULT_LIMITS, disk_mib=1))

    assert output.run
    assert int(output.run.stdout) < 256


def test_compiling_has_limits_of_its_own(sandbox: SandboxDaemon) -> None:
    broken = "\n".join(f"int a{i} = undeclared{i};" for i in range(200))
    limits = replace(DEFAULT_COMPILE_LIMITS, output_kib=1)

    observation, output = sandbox.run("c", broken, compile_limits=limits)

    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.stopped_by is Limit.OUTPUT
    assert observation.report.run is None
    assert output.compile
    assert len(output.compile.stderr) == KIB


def test_as_many_files_and_folders_as_are_accepted_are_there(sandbox: SandboxDaemon) -> None:
    names = ["main.sh", *(f"{number}/{'d/' * 6}f" for number in range(27))]  # and 190 folders
    files = tuple(File(name, b"find . -type f | wc -l") for name in names)

    _, output = sandbox.run("bash", "", files=files, limits=replace(DEFAULT_LIMITS, disk_mib=1))

    assert output.run
    assert output.run.stdout == b"28\n"


def test_a_disk_full_of_memory(sandbox: SandboxDaemon) -> None:
    """What lies in the box is memory too; at the end there may be nothing to kill but init."""
    report = run_report(
        sandbox, "bash", "head -c 100M /dev/zero > big; sleep 60", memory_mib=32, disk_mib=200
    )

    assert report.stopped_by is Limit.MEMORY


def test_nothing_of_the_compiler_lives_on_in_the_run(sandbox: SandboxDaemon) -> None:
    """cpu_us and memory_peak_kib are those of the program alone: otherwise, they'd be no less."""
    observation, _ = sandbox.run("cpp", "#include <iostream>\nint main() { return 0; }")

    assert observation.report
    compiled, run = observation.report.compile, observation.report.run
    assert compiled
    assert run
    assert compiled.cpu_us
    assert compiled.memory_peak_kib
    assert run.cpu_us
    assert run.memory_peak_kib
    assert run.cpu_us < compiled.cpu_us
    assert run.memory_peak_kib < compiled.memory_peak_kib


def test_the_time_it_took_is_measured(sandbox: SandboxDaemon) -> None:
    source = (
        "import time\nend = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass\ntime.sleep(0.2)"
    )

    report = run_report(sandbox, "python", source)

    assert report.cpu_us
    assert report.cpu_us >= 300_000
    assert report.wall_us >= report.cpu_us + 150_000, "no CPU time passes while it sleeps"


def test_memory_shown_is_what_the_limit_is_about(sandbox: SandboxDaemon) -> None:
    """Not the pages of the runtime's files, of which Node alone has more than this limit."""
    report = run_report(sandbox, "javascript", "console.log(1)", memory_mib=16)

    assert report.memory_peak_kib
    assert report.memory_peak_kib <= 16 * KIB


def test_memory_shown_is_what_was_used(sandbox: SandboxDaemon) -> None:
    report = run_report(sandbox, "python", "x = bytearray(60 << 20); x[::4096] = x[::4096]")

    assert report.exit_code == 0
    assert report.memory_peak_kib
    assert 60 * KIB < report.memory_peak_kib < 90 * KIB
