"""The line that says how an execution ended, and which limit stopped it."""

from datetime import UTC, datetime

import pytest

from app.cli.exit_codes import OF_OUTCOME, exit_code
from app.cli.verdict import verdict
from podline import CompileResult, Execution, Limit, Limits, Outcome, Priority, Result, State


def an_execution(
    outcome: str, stopped_by: str | None = None, compiled: CompileResult | None = None
) -> Execution:
    return Execution(
        id="01J",
        state=State.COMPLETED,
        outcome=Outcome(outcome),
        language="c",
        version="12.2",
        priority=Priority.NORMAL,
        attempt=1,
        labels={},
        limits=Limits(
            wall_seconds=1.5, cpu_seconds=2, memory_mib=3, processes=4, output_kib=5, disk_mib=6
        ),
        created_at=datetime.now(UTC),
        result=Result(
            exit_code=None,
            signal="SIGKILL",
            stdout="",
            stderr="",
            stopped_by=Limit(stopped_by) if stopped_by else None,
            compile=compiled,
        ),
    )


@pytest.mark.parametrize(
    ("outcome", "stopped_by", "line"),
    [
        ("time_limit", "wall_seconds", "stopped at the time limit of 1.5 s (--wall-seconds)"),
        ("time_limit", "cpu_seconds", "stopped at the CPU time limit of 2 s (--cpu-seconds)"),
        ("memory_limit", "memory_mib", "stopped at the memory limit of 3 MiB (--memory-mib)"),
        ("output_limit", "output_kib", "stopped at the output limit of 5 KiB (--output-kib)"),
        ("memory_limit", None, "stopped at the memory limit of 3 MiB (--memory-mib)"),
        ("output_limit", None, "stopped at the output limit of 5 KiB (--output-kib)"),
        (
            *("time_limit", None),
            "stopped at the time limit of 1.5 s, or 2 s of CPU time"
            " (--wall-seconds, --cpu-seconds)",
        ),
        ("time_limit", "inodes", "stopped at the limit inodes"),
        ("success", None, None),
    ],
)
def test_the_limit_that_stopped_the_program(
    outcome: str, stopped_by: str | None, line: str | None
) -> None:
    execution = an_execution(outcome, stopped_by)
    assert verdict(execution) == line
    assert exit_code(execution) == OF_OUTCOME[Outcome(outcome)]


@pytest.mark.parametrize(
    ("stopped_by", "line"),
    [
        (None, "the program does not compile"),
        (
            Limit.CPU,
            "a limit stopped the compiler: compile_limits.cpu_seconds (--compile-cpu-seconds)",
        ),
        (Limit("inodes"), "a limit stopped the compiler: compile_limits.inodes"),
    ],
)
def test_the_limit_that_stopped_the_compiler(stopped_by: Limit | None, line: str) -> None:
    compiled = CompileResult(
        exit_code=None, signal="SIGKILL", stdout="", stderr="", stopped_by=stopped_by
    )
    assert verdict(an_execution("compile_error", compiled=compiled)) == line
