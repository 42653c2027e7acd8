"""A compiler that was started ahead: the same as another one, and gone with its only use."""

import platform
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Limit, Observation, Output, Phase, StageReport
from app.domain.submission import File
from tests.sandbox.java_programs import AMPLE, FEW, HASHES, MANY, JavaProgram
from tests.sandbox.test_daemon import gone
from tests.sandbox.test_ordinary_user import a_daemon
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language, wait_for_end
from tests.support.waiting import wait_until

DRIVER = "JavacAhead"
READS_STDIN = "0 0x0 " if platform.machine() == "x86_64" else "63 0x0 "
"""read(0, ...) in a file `syscall` of /proc."""
AT_LEAST_TO_WARM_UP = 0.4
"""Seconds of CPU time."""
HELLO = 'class Main { public static void main(String[] a) { System.out.print("hello"); } }'
PREPARED_FIRST = ("go", "cpp")
"""Languages whose preparation takes 17 s of CPU time."""
MISSING = """
[{}]
source = "main"
suffixes = [".x"]
executables = ["/nowhere"]
version = '(1)'
prints_lines = true
run = ["{{executable}}"]
"""
PROGRAMS = [
    *(pytest.param(each, id=each.name) for each in FEW),
    *(pytest.param(each, id=each.name, marks=pytest.mark.long) for each in MANY),
]


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxDaemon
) -> Iterator[SandboxDaemon]:
    """Starts every compiler ahead that it can. `sandbox` has prepared the language."""
    if "java" not in {found.name for found in sandbox.runtime.languages()}:
        pytest.skip("there is no Java here")
    daemon = SandboxDaemon(tmp_path_factory.mktemp("ahead"), bays=2, ahead="always")
    yield daemon
    if not daemon.runs():
        daemon.start()
    daemon.stop()


@pytest.fixture
def ahead(daemon: SandboxDaemon) -> SandboxDaemon:
    if not daemon.runs():
        daemon.start()
        wait_until(lambda: "languages are prepared" in daemon.log.read_text(), within=60)
    return daemon


def waiting(daemon: SandboxDaemon) -> set[int]:
    """Compilers that were started ahead, whether they have their task or not."""
    found = set()
    for process in daemon.processes():
        with suppress(psutil.NoSuchProcess):
            if process.name() == "java" and DRIVER in process.cmdline():
                found.add(process.pid)
    return found


def run(daemon: SandboxDaemon, program: JavaProgram) -> tuple[Observation, Output]:
    pod = a_pod(
        language(daemon.runtime, "java"),
        files=(File("Hashes.java", HASHES.encode()), *program.files),
        entrypoint="Hashes.java",
        compile_args=tuple(program.compile_args),
        compile_limits=program.compile_limits,
        limits=replace(DEFAULT_LIMITS, wall_seconds=60, cpu_seconds=60),
    )
    observation = wait_for_end(daemon.runtime, pod)
    output = daemon.runtime.output(pod.name)
    daemon.runtime.delete(pod.name)
    assert output, observation.message
    return observation, output


def comparable(observation: Observation) -> object:
    """All of the report but what was measured, or depends on who is first."""
    assert observation.report, observation.message
    stages = (observation.report.compile, *observation.report.runs)
    return [stage and settled(stage) for stage in stages]


def settled(stage: StageReport) -> StageReport:
    stage = replace(stage, wall_us=0, cpu_us=0, memory_peak_kib=None)
    if stage.stopped_by is Limit.OUTPUT:
        # It is killed at the cap, unless it has ended by itself meanwhile.
        return replace(stage, exit_code=None, signal=None)
    return stage


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_does_the_same(
    sandbox: SandboxDaemon, ahead: SandboxDaemon, program: JavaProgram
) -> None:
    """Messages, class files, exit code and verdict."""
    anew, output_anew = run(sandbox, program)
    logged = len(ahead.log.read_text())

    found, output = run(ahead, program)

    assert comparable(found) == comparable(anew)
    if program.repeatable:
        assert output == output_anew
    assert "could not be started" not in ahead.log.read_text()[logged:]


def hello(daemon: SandboxDaemon, **facts: object) -> Observation:
    observation, output = daemon.run("java", HELLO, **{"compile_limits": AMPLE, **facts})
    assert output.run, observation
    assert output.run.stdout == b"hello"
    return observation


def waits(daemon: SandboxDaemon) -> int:
    """The pid of the one that waits, once there is one."""
    wait_until(lambda: len(waiting(daemon)) == 1, within=60)
    return min(waiting(daemon))


def reads_stdin(process: psutil.Process) -> bool:
    """Whether a thread of it waits there, as one that waits for its task does."""
    calls = [task.read_text() for task in Path(f"/proc/{process.pid}/task").glob("*/syscall")]
    return any(call.startswith(READS_STDIN) for call in calls)


def has_ended(daemon: SandboxDaemon, name: str) -> bool:
    observation = daemon.runtime.observe(name)
    assert observation
    return observation.phase is Phase.ENDED


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def test_each_is_used_once_and_replaced(ahead: SandboxDaemon) -> None:
    hello(ahead)
    before = waits(ahead)

    hello(ahead)

    assert before not in waiting(ahead)
    assert waits(ahead) != before


@pytest.mark.long
def test_its_start_is_charged_and_its_warming_up_is_not(ahead: SandboxDaemon) -> None:
    """Starting a virtual machine takes more than 30 ms, and warming it up most of a second."""
    hello(ahead)
    before = psutil.Process(waits(ahead))
    wait_until(lambda: cpu_seconds(before) > AT_LEAST_TO_WARM_UP)

    report = hello(ahead).report

    assert report
    assert report.compile
    assert report.compile.cpu_us
    assert 30_000 < report.compile.cpu_us < 400_000


@pytest.mark.long
def test_other_limits_get_another_one(ahead: SandboxDaemon) -> None:
    hello(ahead)
    before = waits(ahead)

    hello(ahead, compile_limits=replace(AMPLE, memory_mib=256))

    assert before not in waiting(ahead)
    wait_until(lambda: any("-Xmx192m" in psutil.Process(pid).cmdline() for pid in waiting(ahead)))


@pytest.mark.long
def test_one_that_died_waiting_costs_no_attempt(ahead: SandboxDaemon) -> None:
    hello(ahead)
    psutil.Process(waits(ahead)).kill()

    hello(ahead)


@pytest.mark.long
def test_one_that_dies_before_it_reads_its_task_costs_no_attempt(ahead: SandboxDaemon) -> None:
    """What it printed is forgotten. Its CPU time is limited when the task is handed over."""
    hello(ahead)
    before = psutil.Process(waits(ahead))
    wait_until(lambda: reads_stdin(before))
    unlimited, printed = before.rlimit(psutil.RLIMIT_CPU), before.io_counters().write_chars
    before.send_signal(signal.SIGQUIT)  # print all threads' stacks
    wait_until(lambda: before.io_counters().write_chars > printed + 1_000)
    before.suspend()
    pod = a_pod(language(ahead.runtime, "java"), HELLO, compile_limits=AMPLE)
    ahead.runtime.create(pod)
    wait_until(lambda: before.rlimit(psutil.RLIMIT_CPU) != unlimited)

    before.kill()

    wait_until(lambda: has_ended(ahead, pod.name), within=60)
    output = ahead.runtime.output(pod.name)
    assert output
    assert output.run
    assert output.run.stdout == b"hello"
    assert output.compile
    assert output.compile.stdout == b""


@pytest.mark.long
def test_a_deleted_pod_takes_its_compiler_with_it(ahead: SandboxDaemon) -> None:
    hello(ahead)
    before = psutil.Process(waits(ahead))
    methods = (f"int method{i}(int a) {{ return a + {i}; }}" for i in range(100_000))
    source = "class Main {" + "".join(methods) + "}"
    pod = a_pod(language(ahead.runtime, "java"), source, compile_limits=AMPLE)
    ahead.runtime.create(pod)
    wait_until(lambda: cpu_seconds(before) > 2)

    ahead.runtime.delete(pod.name)

    wait_until(gone([before]))
    hello(ahead)


def test_a_killed_daemon_leaves_none(ahead: SandboxDaemon) -> None:
    hello(ahead)
    waits(ahead)
    processes = ahead.processes()

    ahead.kill()

    wait_until(gone(processes))


@pytest.mark.long
def test_a_stopped_daemon_leaves_none(ahead: SandboxDaemon) -> None:
    """Even while one starts."""
    hello(ahead)
    processes = ahead.processes()

    assert ahead.stop() == 0

    assert gone(processes)()
    assert not ahead.cgroups()


@pytest.mark.long
def test_without_root_and_control_groups_it_does_the_same(sandbox: SandboxDaemon) -> None:
    """There, its archive is at another path than on the host, and can't be used."""
    with a_daemon() as daemon:
        daemon.wrapper = ("env", f"XDG_CACHE_HOME={daemon.folder}/cache", *daemon.wrapper)
        daemon.ahead = "always"
        daemon.languages = daemon.folder / "languages.toml"
        daemon.languages.write_text("".join(map(MISSING.format, PREPARED_FIRST)))
        daemon.start()
        prepared = daemon.folder / "cache" / "podline"
        wait_until(lambda: any(prepared.glob("java-*.made")), within=100)

        for program in FEW:
            (found, output), (anew, output_anew) = run(daemon, program), run(sandbox, program)
            assert comparable(found) == comparable(anew)
            assert output == output_anew
        used = waits(daemon)
        hello(daemon)

        assert used not in waiting(daemon)
        assert daemon.stop() == 0
