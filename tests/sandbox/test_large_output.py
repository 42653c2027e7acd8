"""What programs print in megabytes passes through the daemon without staying in its memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_LIMITS, MAX_LIMITS
from app.domain.report import Phase
from app.service.outputs import Ended, outputs
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end

MIB = 1 << 20
LIMITS = replace(DEFAULT_LIMITS, output_kib=MAX_LIMITS.output_kib)
PRINTS = f"head -c {4 * MIB} /dev/zero"


def peak_bytes(pid: int) -> int:
    (line,) = (
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) * 1024


def forget_peak(pid: int) -> None:
    """proc_pid_clear_refs(5)"""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError as error:
        pytest.skip(f"the peak can't be reset: {error}")


def test_64_mib(sandbox: SandboxDaemon) -> None:
    forget_peak(sandbox.pid)
    before = peak_bytes(sandbox.pid)
    pod = a_pod(language(sandbox.runtime, "bash"), PRINTS, runs=(a_run(limits=LIMITS),) * 16)
    observation = wait_for_end(sandbox.runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message

    sizes = [
        len(run.stdout)
        for part in outputs(sandbox.runtime, Ended.of(observation))
        for run in part.runs
        if run
    ]
    assert sizes == [4 * MIB] * 16
    grown = peak_bytes(sandbox.pid) - before
    assert grown < 40 * MIB
    sandbox.runtime.delete(pod.name)


def test_only_little_output_comes_with_the_end(sandbox: SandboxDaemon) -> None:
    runs = (a_run(stdin=b"little"), a_run())
    for source, comes in (("cat; echo too >&2", True), (PRINTS, False)):
        pod = a_pod(language(sandbox.runtime, "bash"), source, runs=runs)
        observation = wait_for_end(sandbox.runtime, pod)
        output = sandbox.runtime.output(pod.name)
        assert output
        assert observation.output == (output if comes else None)
        ended = Ended.of(observation)
        assert list(outputs(sandbox.runtime, ended)) == [output]
        assert ended.printed(sandbox.runtime, 1) == output.beginning_with(1)
        sandbox.runtime.delete(pod.name)
        assert (ended.printed(sandbox.runtime, 0) == output) is comes, "nobody was asked"


def test_the_most_that_one_answer_can_have(sandbox: SandboxDaemon) -> None:
    """Both streams of a run are full."""
    source = f"{PRINTS} | tr '\\0' o & {PRINTS} | tr '\\0' e >&2 & wait"
    pod = a_pod(language(sandbox.runtime, "bash"), source, runs=(a_run(limits=LIMITS),))
    observation = wait_for_end(sandbox.runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message
    output = sandbox.runtime.output(pod.name)
    assert output
    assert output.run
    assert (output.run.stdout, output.run.stderr) == (b"o" * 4 * MIB, b"e" * 4 * MIB)
    sandbox.runtime.delete(pod.name)
