"""The daemon without root: with user namespaces only, and no cgroups."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Limit
from tests.sandbox.language_programs import BEFORE, FAIL, HOW_IT_FAILS, files_of
from tests.support.disks import disk, kept_full
from tests.support.sandbox_daemon import SandboxDaemon

USER = 12345
LONG = 60
"""Seconds that a busy machine keeps to."""
BECOME_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


@contextmanager
def a_daemon(parent: Path | None = None) -> Iterator[SandboxDaemon]:
    """One that has not started, in a new folder."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start it as another user")
    can_run = subprocess.run([*BECOME_USER, sys.executable, "-c", ""], capture_output=True)
    if can_run.returncode:
        pytest.skip(f"another user can't run {sys.executable}")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        os.chown(name, USER, USER)
        yield SandboxDaemon(Path(name), bays=2, wrapper=BECOME_USER)


@contextmanager
def a_small_disk() -> Iterator[Path]:
    """Which the other user can enter."""
    with tempfile.TemporaryDirectory() as name, disk("ext4", Path(name), 16) as place:
        for folder in (place.parent, place):
            folder.chmod(0o755)
        yield place


@pytest.fixture(scope="module")
def user_sandbox() -> Iterator[SandboxDaemon]:
    with a_daemon() as daemon:
        daemon.start()
        yield daemon
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    "name",
    [
        *("python", "javascript", "c", "perl", "bash"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("cpp", "java")),
    ],
)
def test_programs_run(user_sandbox: SandboxDaemon, name: str) -> None:
    observation, output = user_sandbox.run(
        name,
        "",
        files=files_of(name),
        args=(FAIL,),
        limits=replace(DEFAULT_LIMITS, wall_seconds=LONG),
        compile_limits=replace(DEFAULT_COMPILE_LIMITS, wall_seconds=LONG, cpu_seconds=LONG),
    )

    assert observation.report
    assert observation.report.run
    run = observation.report.run
    assert (run.signal or run.exit_code) == HOW_IT_FAILS[name]
    assert output.run
    assert output.run.stdout == BEFORE


def test_its_log_says_what_holds_the_limits(user_sandbox: SandboxDaemon) -> None:
    assert "limit memory: enforced by the runtime: " in user_sandbox.log.read_text()


def test_wall_time(user_sandbox: SandboxDaemon) -> None:
    limits = replace(DEFAULT_LIMITS, wall_seconds=0.3)

    observation, _ = user_sandbox.run("bash", "sleep 60", limits=limits)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is Limit.WALL


def test_cpu_time_of_a_process(user_sandbox: SandboxDaemon) -> None:
    limits = replace(DEFAULT_LIMITS, cpu_seconds=0.3, wall_seconds=LONG)

    observation, _ = user_sandbox.run("bash", "while :; do :; done", limits=limits)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is Limit.CPU


def test_memory_is_refused_to_a_process(user_sandbox: SandboxDaemon) -> None:
    _, output = user_sandbox.run("python", "x = bytearray(500_000_000)")

    assert output.run
    assert b"MemoryError" in output.run.stderr


def test_processes(user_sandbox: SandboxDaemon) -> None:
    source = "import os, time\nfor _ in range(50):\n    os.fork() or time.sleep(60)"
    limits = replace(DEFAULT_LIMITS, processes=8)

    _, output = user_sandbox.run("python", source, limits=limits)

    assert output.run
    assert b"BlockingIOError" in output.run.stderr


def test_nothing_of_it_is_left(user_sandbox: SandboxDaemon) -> None:
    user_sandbox.run("bash", "(setsid sleep 600 &); exit 0")

    assert user_sandbox.jailed() == []


@pytest.mark.parametrize(("memory_mib", "used_mib"), [(16, 0), (128, 60)])
def test_memory_shown_is_never_above_the_limit(
    user_sandbox: SandboxDaemon, memory_mib: int, used_mib: int
) -> None:
    source = f"const a = Buffer.alloc({used_mib} << 20, 1); console.log(a.length)"
    limits = replace(DEFAULT_LIMITS, memory_mib=memory_mib, wall_seconds=LONG)

    observation, _ = user_sandbox.run("javascript", source, limits=limits)

    assert observation.report
    assert observation.report.run
    peak_kib = observation.report.run.memory_peak_kib
    assert peak_kib
    assert used_mib * 1024 <= peak_kib <= memory_mib * 1024


def test_a_stack_is_small_where_all_of_it_would_count(user_sandbox: SandboxDaemon) -> None:
    """Three threads of the size of the memory would use up RLIMIT_DATA."""
    source = (
        "import resource, threading, time\n"
        "print(*resource.getrlimit(resource.RLIMIT_STACK))\n"
        "threads = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(20)]\n"
        "[thread.start() for thread in threads]\n"
        "print(len(threads))\n"
    )

    _, output = user_sandbox.run("python", source)

    assert output.run
    assert output.run.stdout.decode() == f"{8 << 20} {8 << 20}\n20\n", output.run.stderr


@pytest.mark.parametrize(
    "stopped", [SandboxDaemon.kill, pytest.param(SandboxDaemon.stop, marks=pytest.mark.long)]
)
def test_it_starts_again_on_a_full_disk(stopped: Callable[[SandboxDaemon], object]) -> None:
    """Another process takes at once what is freed."""
    with a_small_disk() as place, a_daemon(place) as daemon:
        daemon.start()
        stopped(daemon)
        with kept_full(place):
            daemon.start()
            assert daemon.runtime.languages()
        _, output = daemon.run("bash", "echo started")
        assert output.run
        assert output.run.stdout == b"started\n"
        assert daemon.stop() == 0
