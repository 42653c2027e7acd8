"""Whichever container ends, at any moment and in any way, the other one ends too."""

import select
import struct
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGTERM

import psutil
import pytest

from app.domain.report import Limit
from app.infrastructure.kubernetes import inside
from sandbox.init.protocol import INIT, PROGRAM, PROTOCOL, Stage, encode
from tests.pod.local_pod import LocalPod, signal_container, stages_of
from tests.support.waiting import wait_until

TRIES = 20
AT_ONCE = 4
MARK = "7385.4021"
"""Seconds that nobody else sleeps."""


def sleepers() -> list[psutil.Process]:
    """Processes that a pod's program has left behind."""
    lines = [(process, process.info["cmdline"]) for process in psutil.process_iter(["cmdline"])]
    return [process for process, line in lines if line and MARK in line]


@pytest.mark.parametrize("container", ["collector", "main"])
def test_when_a_container_is_killed_at_any_moment_nothing_is_left(
    folder: Path, container: str
) -> None:
    """Nothing kills the other one: it has to end because something closes."""
    stages = stages_of(f"(setsid sleep {MARK} &) ; sleep {MARK}")

    def try_once(number: int) -> None:
        (own := folder / str(number)).mkdir()
        pod = LocalPod.start(own, stages, number % AT_ONCE)
        select.select([], [], [], Random(number).uniform(0, 0.08))
        killed = pod.main if container == "main" else pod.collector
        other = pod.collector if container == "main" else pod.main
        signal_container(killed)
        killed.wait(60)
        if not pod.met:
            signal_container(other)  # as the kubelet does in the end: it waits for the other one
        other.wait(60)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for tried in [pool.submit(try_once, number) for number in range(TRIES)]:
            tried.result()

    assert not sleepers()


def test_main_that_is_gone_is_reported(folder: Path) -> None:
    """As when the kernel kills the whole container for its memory."""
    pod = LocalPod.start(folder, stages_of("echo begun; sleep 600"))
    wait_until(lambda: b"YmVndW4K" in pod.log)

    signal_container(pod.main, SIGKILL)

    ended = pod.wait()
    assert ended.exit_code == 0
    assert ended.end.vanished
    assert ended.report.run
    assert ended.report.run.stopped_by is Limit.MEMORY
    assert ended.output.run
    assert ended.output.run.stdout == b"begun\n"


def test_a_collector_that_is_told_to_stop_says_nothing(folder: Path) -> None:
    """The pod is being deleted or evicted, which is not a verdict."""
    pod = LocalPod.start(folder, stages_of("echo begun; sleep 600"))
    wait_until(lambda: b"YmVndW4K" in pod.log)

    signal_container(pod.collector, SIGTERM)

    ended = pod.wait()
    assert ended.message == ""
    assert ended.exit_code == 1


NUMBER = struct.Struct("<Q")
PATH = {"PATH": "/usr/bin:/bin"}


def a_plan(*, compiles: bool, wall_us: int = 60_000_000) -> bytes:
    return struct.pack("<9Q", PROTOCOL, compiles, 0, wall_us, 1 << 20, *[0] * 4)


def stages_that_start(*commands: Sequence[str]) -> bytes:
    """One run, or a compile stage and a run."""
    compiles = len(commands) > 1
    content = a_plan(compiles=compiles)
    for number, command in enumerate(commands):
        runs_compiled = compiles and number > 0
        stage = Stage(
            argv=command,
            env=PATH,
            files=(),
            stdin=b"",
            wall_seconds=10,
            rlimits={},
            empties=runs_compiled,
            program=inside.PROGRAM if runs_compiled else None,
        )
        head, body = encode(stage)
        content += struct.pack("<4Q", 1024, False, 0, 0) + head + b"".join(body)
    return content


@pytest.mark.parametrize(
    ("commands", "fault"),
    [
        ([["/missing"]], "init failed to execute: No such file or directory"),
        ([["/usr"]], "init failed to execute: Permission denied"),
        ([[PROGRAM]], "init failed to start program: No such file or directory"),
        ([[PROGRAM], [PROGRAM]], "init failed to start program: No such file or directory"),
        ([["/bin/true"], ["/missing"]], "init failed to execute: No such file or directory"),
    ],
    ids=["missing", "a folder", "not compiled", "compiles itself", "a missing runtime"],
)
def test_what_the_image_lacks_is_a_fault(
    folder: Path, commands: Sequence[Sequence[str]], fault: str
) -> None:
    """Such an end says nothing about the submission."""
    ended = LocalPod.start(folder, stages_that_start(*commands)).wait()

    assert ended.end.fault == fault
    assert ended.exit_code == 1


MAKES: Mapping[str, str] = {
    "nothing": "true",
    "a file that is not executable": f"echo > {PROGRAM}",
    "a folder": f"mkdir {PROGRAM}",
    "text": f"echo text > {PROGRAM}; chmod +x {PROGRAM}",
    "a script of a missing interpreter": f"echo '#!/missing' > {PROGRAM}; chmod +x {PROGRAM}",
    "a link to itself": f"ln -s program {PROGRAM}",
    "a program whose linker is none": "echo 'int main(void) { return 0; }' |"
    f" gcc -x c -Wl,--dynamic-linker=/usr/bin/ldd -o {PROGRAM} -",
}


@pytest.mark.parametrize("what", MAKES)
def test_a_compiler_that_makes_no_program_is_no_fault(folder: Path, what: str) -> None:
    compiler = ["/bin/sh", "-c", f"echo compiled; {MAKES[what]}"]

    ended = LocalPod.start(folder, stages_that_start(compiler, [PROGRAM])).wait()

    assert ended.exit_code == 0
    assert ended.report.compile
    assert ended.report.compile.exit_code == 0
    assert ended.report.run is None
    assert ended.output.compile
    assert ended.output.compile.stdout == b"compiled\n"
    assert ended.output.run is None


PLAN = a_plan(compiles=False)
STAGE = struct.pack("<4Q", 1024, False, 0, 0) + struct.pack("<4Q", 1_000_000, 0, 0, 0)
BROKEN = {
    "nothing": (b"", "the input is cut off"),
    "another version": (NUMBER.pack(PROTOCOL + 1) + PLAN[8:] + STAGE, "another version"),
    "half a plan": (PLAN[:20], "the input is cut off"),
    "half a head": (PLAN + STAGE[:20], "the input is cut off"),
    "too short": (PLAN + STAGE[:-8] + NUMBER.pack(9) + b"x", "the input is cut off"),
    "too few shared records": (PLAN[:-8] + NUMBER.pack(1 << 40) + STAGE, "the input is cut off"),
    "records beyond the end": (
        PLAN + struct.pack("<4Q", 1024, False, 9, 1 << 40) + STAGE[4 * 8 :],
        "the input is cut off",
    ),
    "too many stages": (PLAN + STAGE * 1025, "too many stages"),
    "no run": (a_plan(compiles=True) + STAGE, "too few stages"),
    "an empty stage": (PLAN + STAGE, "init failed to receive: Protocol error"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_input_is_a_fault(folder: Path, what: str) -> None:
    content, fault = BROKEN[what]
    pod = LocalPod.start(folder, content)
    pod.collector.wait(60)
    pod.main.kill()  # it may wait for a channel that is never created

    ended = pod.wait()

    assert ended.exit_code == 1
    assert ended.end.fault
    assert fault in ended.end.fault


def test_init_runs_as_pid_1_alone() -> None:
    """Elsewhere, it would kill everything that its user runs."""
    assert subprocess.run([INIT, inside.CHANNEL], check=False).returncode == 1
