"""The verdicts of docs/verdicts.md in a pod: from init and the collector, without a daemon."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Observation, Output, Phase
from tests.pod.local_pod import Ended, run
from tests.sandbox.test_verdicts import CASES, Case, given_in, says
from tests.support.judging import judge

WITHOUT_CGROUP = [case for case in CASES if "memory_mib" not in case.given]
"""Memory is counted by the container's control group; those are run in a cluster."""


@pytest.mark.parametrize("case", WITHOUT_CGROUP, ids=[case.what for case in WITHOUT_CGROUP])
def test_the_table_of_verdicts(folder: Path, case: Case) -> None:
    limits, expected = given_in(case)
    compile_limits = replace(DEFAULT_COMPILE_LIMITS, memory_mib=DEFAULT_LIMITS.memory_mib)

    ended = run(folder, case.program, case.language, limits=limits, compile_limits=compile_limits)

    verdict = judge(_observation(ended), expected, ended.output)
    stage = ended.report.run
    assert ended.exit_code == 0
    assert verdict.outcome == case.outcome, ended.message
    assert says(case.exit_code, verdict.exit_code), ended.message
    assert says(case.signal, verdict.signal), ended.message
    assert says(case.stopped_by, stage.stopped_by if stage else None), ended.message
    assert stage is None or stage.wall_us < 4_000_000, "a process left behind held up the end"


def _observation(ended: Ended) -> Observation:
    return Observation(
        name="pod-1",
        phase=Phase.ENDED,
        started_at=ended.end.began_at,
        ended_at=ended.end.ended_at,
        report=ended.report,
    )


def test_wall_and_cpu_time_are_measured(folder: Path) -> None:
    """CPU time of the whole tree: of children that were waited for, and of orphans."""
    burn = "python3 -S -c 'import time\nwhile time.process_time() < 0.1: pass'"
    orphan = f"({burn}; touch over) &"

    ended = run(folder, f"{burn} & wait; ({orphan}); until [ -e over ]; do sleep 0.1; done")

    stage = ended.report.run
    assert stage
    assert stage.cpu_us is not None
    assert 200_000 <= stage.cpu_us < 500_000
    assert stage.wall_us >= stage.cpu_us / 2


def test_a_compiled_program_s_stages_are_told_apart(folder: Path) -> None:
    source = '#include <stdio.h>\n#warning first\nint main(void) { puts("second"); return 4; }'
    compile_limits = replace(DEFAULT_COMPILE_LIMITS, memory_mib=DEFAULT_LIMITS.memory_mib)

    ended = run(folder, source, "c", compile_limits=compile_limits)

    output: Output = ended.output
    assert output.compile
    assert output.run
    assert b"#warning first" in output.compile.stderr
    assert output.run.stdout == b"second\n"
    assert ended.report.compile
    assert ended.report.compile.exit_code == 0
    assert ended.report.run
    assert ended.report.run.exit_code == 4


def test_memory_shown_is_never_above_the_limit(folder: Path) -> None:
    """Without a control group, the figure is a process's, which includes pages of its files."""
    ended = run(folder, "exec perl -e 1", limits=replace(DEFAULT_LIMITS, memory_mib=1))

    assert ended.report.run
    assert ended.report.run.memory_peak_kib == 1024
