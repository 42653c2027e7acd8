"""Nothing passes from one test of an execution to the next.

Each program in `between` prints what it sees (`look`), changes that (`leave`), and prints to stderr
what it sees then. So the runs of a pod must all print the same, and the change must be visible
within a run, unless it is refused.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.pod import Run
from app.domain.report import Observation, Output, Phase
from app.domain.submission import File
from tests.hostile.program import LIMITS
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end

PROGRAMS = sorted(Path(__file__).with_name("between").iterdir())
LANGUAGES = {".py": "python", ".c": "c", ".java": "java"}
RUNS = 3
_MAIN = """

print(look(), flush=True)
import sys
print(leave() or look(), file=sys.stderr, flush=True)
"""
REFUSED = (b"refused\n", b"unseen\n")


def source_of(path: Path) -> bytes:
    return (path.read_text() + (_MAIN if path.suffix == ".py" else "")).encode()


def ran(
    sandbox: SandboxDaemon, path: Path, *runs: Run, owner: str = ""
) -> tuple[Observation, Output]:
    offered = language(sandbox.runtime, LANGUAGES[path.suffix])
    files = (File(offered.source_name, source_of(path)), File("data.txt", b"data"))
    pod = a_pod(offered, files=files, runs=runs, owner=owner)
    observation = wait_for_end(sandbox.runtime, pod)
    output = sandbox.runtime.output(pod.name)
    sandbox.runtime.delete(pod.name)
    assert observation.phase is Phase.ENDED, observation.message
    assert output
    return observation, output


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_every_run_finds_what_the_first_one_found(
    hostile_sandbox: SandboxDaemon, path: Path
) -> None:
    limits = None if path.suffix == ".java" else LIMITS
    given = {"stdin": b"one\ntwo\n"} | ({"limits": limits} if limits else {})

    observation, output = ran(hostile_sandbox, path, *(a_run(**given) for _ in range(RUNS)))

    assert observation.report
    assert [run and (run.exit_code, run.stopped_by) for run in observation.report.runs] == [
        (0, None)
    ] * RUNS, output
    first, *others = output.runs
    assert first
    assert first.stdout
    assert b"ESCAPED" not in first.stdout
    assert [run and run.stdout for run in others] == [first.stdout] * (RUNS - 1)
    assert first.stderr in REFUSED or first.stderr != first.stdout, "it changed nothing"


def test_a_program_that_is_kept_stays_what_it_was(hostile_sandbox: SandboxDaemon) -> None:
    path = Path(__file__).with_name("between") / "own_program.c"
    (first, printed), (second, again) = (
        ran(hostile_sandbox, path, a_run(limits=LIMITS), owner="ada") for _ in range(2)
    )

    assert [is_cached(first), is_cached(second)] == [False, True]
    assert printed.runs == again.runs
    assert printed.run
    assert b"ESCAPED" not in printed.run.stdout


def is_cached(observation: Observation) -> bool:
    assert observation.report
    assert observation.report.compile
    return observation.report.compile.cached


def test_what_one_run_used_is_not_counted_for_the_next(hostile_sandbox: SandboxDaemon) -> None:
    hungry = "x = bytearray(40 << 20)\nwhile __import__('time').process_time() < 0.5: pass\n"
    source = f"if input() == 'much':\n    exec({hungry!r})\n"
    python = language(hostile_sandbox.runtime, "python")
    # A busy machine must not end a run, so that the comparison below holds on any.
    limits = replace(LIMITS, wall_seconds=60, cpu_seconds=30)
    runs = [a_run(stdin=word, limits=limits) for word in (b"little\n", b"much\n", b"little\n")]
    observation = wait_for_end(
        hostile_sandbox.runtime, pod := a_pod(python, source, runs=tuple(runs))
    )
    hostile_sandbox.runtime.delete(pod.name)

    assert observation.report
    _, second, third = observation.report.runs
    assert second
    assert third
    assert second.cpu_us
    assert third.cpu_us
    assert second.cpu_us > 400_000
    assert third.cpu_us < second.cpu_us, "it would have both, if it had that of the second"
    assert second.memory_peak_kib
    assert third.memory_peak_kib
    assert third.memory_peak_kib < second.memory_peak_kib - (20 << 10)
