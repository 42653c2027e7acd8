"""How a program ended is told exactly, whatever it does to blur it."""

import signal

import pytest

from app.domain.pod import Phase, StageReport
from tests.sandbox_daemon import SandboxDaemon, a_pod, language, wait_for_end

PRINTS_FROM_A_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
print("parent ends", flush=True)
"""


def run_report(sandbox: SandboxDaemon, source: str, name: str = "bash") -> StageReport:
    observation, _ = sandbox.run(name, source)
    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is None
    return observation.report.run


@pytest.mark.parametrize("code", [0, 1, 124, 126, 127, 137, 139, 255])
def test_exit_codes(sandbox: SandboxDaemon, code: int) -> None:
    report = run_report(sandbox, f"exit {code}")

    assert (report.exit_code, report.signal) == (code, None)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT", "SIGXCPU", "SIGFPE"])
def test_signals(sandbox: SandboxDaemon, name: str) -> None:
    report = run_report(sandbox, f"kill -{int(signal.Signals[name])} $$; sleep 60")

    assert (report.exit_code, report.signal) == (None, name)


def test_signals_of_its_own_making(sandbox: SandboxDaemon) -> None:
    report = run_report(sandbox, "int main(void) { *(volatile int *)0 = 1; }", "c")

    assert report.signal == "SIGSEGV"


def test_a_process_left_behind_does_not_hold_the_end_up(sandbox: SandboxDaemon) -> None:
    """It has stdout open, and is killed all the same."""
    observation, output = sandbox.run("python", PRINTS_FROM_A_DAEMON)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.exit_code == 0
    assert observation.report.run.wall_us < 5_000_000
    assert output.run
    assert output.run.stdout == b"parent ends\n"
    assert sandbox.jailed() == []


def test_closed_streams_do_no_harm(sandbox: SandboxDaemon) -> None:
    assert run_report(sandbox, "exec 0<&- 1>&- 2>&-; exit 9").exit_code == 9


def test_pid_1_can_t_be_touched(sandbox: SandboxDaemon) -> None:
    source = "kill -9 1; kill -STOP 1; kill -9 -1; cat /proc/1/environ; ls /proc/1/fd; exit 3"

    assert run_report(sandbox, source).exit_code in {3, None}
    assert run_report(sandbox, "cat /proc/1/status && exit 1; exit 3").exit_code == 3


def test_nothing_but_its_streams_is_open(sandbox: SandboxDaemon) -> None:
    _, output = sandbox.run("python", "import os\nprint(sorted(os.listdir('/proc/self/fd')))")

    assert output.run
    assert output.run.stdout == b"['0', '1', '2', '3']\n"  # 3 is the folder that is read


def test_a_limit_of_pid_1_can_t_be_lowered(sandbox: SandboxDaemon) -> None:
    source = "import resource\nresource.prlimit(1, resource.RLIMIT_CPU, (0, 0))"

    _, output = sandbox.run("python", source)

    assert output.run
    assert b"PermissionError" in output.run.stderr


def test_a_pod_that_can_t_start_is_a_fault_not_a_verdict(sandbox: SandboxDaemon) -> None:
    """Its second file lies where the first one needs a folder."""
    bash = language(sandbox.runtime, "bash")
    first, second = a_pod(bash, "true").files[0], a_pod(bash).files[0]
    clash = (type(first)("a", b""), type(second)("a/b", b""))
    pod = a_pod(bash, files=clash, entrypoint="a")

    observation = wait_for_end(sandbox.runtime, pod)

    assert observation.phase is Phase.FAULTED
    assert observation.report is None
    assert observation.message == "init failed to write files: Not a directory"
    sandbox.runtime.delete(pod.name)
