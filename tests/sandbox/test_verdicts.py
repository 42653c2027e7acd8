"""The report of how a program ended is exact, whatever the program does to obscure it."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase, StageReport
from app.domain.submission import ExpectedOutput, Limits
from sandbox.jail import kit
from tests.support.judging import judge
from tests.support.markdown import DOCS, table_rows
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language, wait_for_end

PRINTS_FROM_A_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
print("parent ends", flush=True)
"""


def run_report(
    sandbox: SandboxDaemon, source: str, name: str = "bash", **facts: Any
) -> StageReport:
    observation, _ = sandbox.run(name, source, **facts)
    assert observation.report
    assert observation.report.run
    assert observation.report.run.stopped_by is None
    return observation.report.run


@dataclass(frozen=True, slots=True)
class Case:
    """A row of docs/verdicts.md."""

    what: str
    language: str
    program: str
    given: str
    exit_code: str
    signal: str
    stopped_by: str
    outcome: str


CASES = [Case(*row) for row in table_rows(DOCS / "verdicts.md", "Case")]


def given_in(case: Case) -> tuple[Limits, ExpectedOutput | None]:
    pairs = dict(pair.split("=") for pair in case.given.split(", ")) if case.given != "-" else {}
    expected = pairs.pop("expected_output", None)
    numbers: dict[str, Any] = {name: json.loads(value) for name, value in pairs.items()}
    limits = replace(DEFAULT_LIMITS, **numbers)
    return limits, ExpectedOutput(expected.encode()) if expected else None


def says(column: str, value: object) -> bool:
    return column in {"any", "-" if value is None else str(value)}


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_the_table_of_verdicts(sandbox: SandboxDaemon, case: Case) -> None:
    limits, expected = given_in(case)

    observation, output = sandbox.run(case.language, case.program, limits=limits)

    verdict = judge(observation, expected, output)
    assert observation.report
    run = observation.report.run
    assert verdict.outcome == case.outcome, observation
    assert says(case.exit_code, verdict.exit_code), observation
    assert says(case.signal, verdict.signal), observation
    assert says(case.stopped_by, run.stopped_by if run else None), observation
    assert run is None or run.wall_us < 4_000_000, "a process left behind held up the end"


def test_the_table_has_every_outcome_of_a_program() -> None:
    assert {case.outcome for case in CASES} == set(Outcome) - {Outcome.CHECKER_ERROR}


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


def test_output_is_exact_to_the_byte(sandbox: SandboxDaemon) -> None:
    """Every byte there is, on both streams, with and without a newline at the end."""
    every_byte = bytes(range(256))
    source = (
        "import os\n"
        "for number in range(256):\n"
        "    os.write(1, bytes([number]))\n"
        "    os.write(2, bytes([255 - number]))\n"
    )

    _, output = sandbox.run("python", source)

    assert output.run
    assert (output.run.stdout, output.run.stderr) == (every_byte, every_byte[::-1])


def test_what_was_printed_last_is_kept_when_it_is_killed(sandbox: SandboxDaemon) -> None:
    """It kills itself immediately after the last write."""
    for _ in range(20):
        _, output = sandbox.run("python", "import os\nos.write(1, b'x' * 60_000)\nos.abort()")

        assert output.run
        assert output.run.stdout == b"x" * 60_000


def test_a_known_load_is_measured(sandbox: SandboxDaemon) -> None:
    """40 MiB and 0.3 s in a child, 40 MiB and 0.3 s beside it: both are there at one time."""
    load = (
        "import os, time; x = bytearray(b'x') * (40 << 20)\n"
        "while time.process_time() < 0.3: pass\n"
        "os.mkdir(f'/tmp/{os.getpid()}')\n"
        "while len(os.listdir('/tmp')) < 2: time.sleep(0.01)\n"
        "time.sleep(0.1)"
    )
    limits = replace(DEFAULT_LIMITS, wall_seconds=60)
    source = f'python3 -c "{load}" & python3 -c "{load}"; wait'
    report = run_report(sandbox, source, limits=limits)

    assert report.cpu_us
    assert report.memory_peak_kib
    assert 600_000 <= report.cpu_us < 900_000
    assert 80 * 1024 <= report.memory_peak_kib < 128 * 1024


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


def test_a_jail_that_can_t_be_set_up_is_a_fault_not_a_verdict(tmp_path: Path) -> None:
    sandbox = SandboxDaemon(tmp_path, bays=1, ready_jails=0)
    sandbox.start()
    shutil.rmtree(kit.folder_of(tmp_path / "data"))  # its /etc

    observation = wait_for_end(sandbox.runtime, a_pod(language(sandbox.runtime, "bash"), "true"))

    assert observation.phase is Phase.FAULTED
    assert observation.report is None
    assert observation.message
    assert observation.message.startswith("the jail could not be set up")
    assert sandbox.stop() == 0
