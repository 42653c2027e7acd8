"""Turns the result of an execution into the API's response."""

import math
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any, Final

from app.api import artifacts, schemas
from app.domain.execution import Execution
from app.domain.judging import JudgedTest
from app.domain.report import Output, Report, StageOutput, StageReport
from app.domain.result import BEGINNING_BYTES, SHOWN_BYTES, Result
from app.service.utf8 import whole_characters

_NOTHING: Final = StageOutput(stdout=b"", stderr=b"")


class _Room:
    """How much more output the response can show."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._left = SHOWN_BYTES

    def shown(self, stage: str, printed: StageOutput) -> dict[str, Any]:
        """The fields of both streams, with the beginning of each."""
        stdout_bytes = self._result.size(f"{stage}/stdout", printed.stdout)
        stderr_bytes = self._result.size(f"{stage}/stderr", printed.stderr)
        stdout = self._beginning(printed.stdout, stdout_bytes)
        stderr = self._beginning(printed.stderr, stderr_bytes)
        return {
            "stdout": stdout.decode(errors="replace"),
            "stderr": stderr.decode(errors="replace"),
            "stdout_truncated": printed.stdout_truncated,
            "stderr_truncated": printed.stderr_truncated,
            "stdout_base64": _exact(stdout),
            "stderr_base64": _exact(stderr),
            "stdout_bytes": stdout_bytes,
            "stderr_bytes": stderr_bytes,
        }

    def _beginning(self, content: bytes, whole: int) -> bytes:
        size = min(BEGINNING_BYTES, self._left)
        if whole > size or whole > len(content):
            content = content[:size]
            content = content[: whole_characters(content)]
        self._left -= len(content)
        return content


_NO_STREAMS: Final[dict[str, Any]] = {
    f"{stream}{part}": None
    for stream in ("stdout", "stderr")
    for part in ("", "_truncated", "_base64", "_bytes")
}
"""Each test has its own."""


def result(execution: Execution, result: Result) -> schemas.Result:
    """The result, with the beginnings of what was printed."""
    room = _Room(result)
    compiled = _compile_result(result.report, result.output, room)
    if not execution.tests:
        run, printed = result.report.run, result.output.run or _NOTHING
        return schemas.Result(
            **room.shown("0", printed),
            **how_it_ended(run),
            compile=compiled,
            tests=None,
            **_NO_POINTS,
            artifacts=artifacts.in_result(result),
            artifacts_left_out=artifacts.left_out(result),
        )
    return schemas.Result(
        **_NO_STREAMS,
        **_how_all(result.report),
        compile=compiled,
        tests=_tests(result, room),
        points=math.fsum(test.points for test in result.tests),
        points_max=result.points_max,
        artifacts=[],
        artifacts_left_out=[],
    )


_NO_POINTS: Final = {"points": None, "points_max": None}


def _tests(result: Result, room: _Room) -> list[schemas.TestResult]:
    ran = zip(result.tests, result.report.runs, result.output.runs, strict=True)
    return [
        _test(test, run, printed or _NOTHING, room, str(index))
        for index, (test, run, printed) in enumerate(ran)
    ]


def _test(
    test: JudgedTest, run: StageReport | None, printed: StageOutput, room: _Room, stage: str
) -> schemas.TestResult:
    """One that counts as skipped shows nothing of a run that it may have had."""
    if test.outcome is None:
        run, printed, stage = None, _NOTHING, ""
    return schemas.TestResult(
        name=test.name,
        outcome=test.outcome or "skipped",
        **room.shown(stage, printed),
        **how_it_ended(run),
        points=test.points,
        message=test.message,
    )


def how_it_ended(run: StageReport | None) -> dict[str, Any]:
    """How a run ended: all fields are null for one that didn't start."""
    return {
        "exit_code": None if run is None else run.exit_code,
        "signal": None if run is None else run.signal,
        "wall_ms": None if run is None else run.wall_us / 1000,
        "cpu_ms": None if run is None else _cpu_ms(run),
        "memory_peak_kib": None if run is None else run.memory_peak_kib,
        "stopped_by": None if run is None else run.stopped_by,
    }


def _how_all(report: Report) -> dict[str, Any]:
    """Sums of times, and the most memory."""
    runs = [run for run in report.runs if run is not None]
    cpu_us = _if_all_known(sum, (run.cpu_us for run in runs))
    return how_it_ended(None) | {
        "wall_ms": sum(run.wall_us for run in runs) / 1000 if runs else None,
        "cpu_ms": None if cpu_us is None else cpu_us / 1000,
        "memory_peak_kib": _if_all_known(max, (run.memory_peak_kib for run in runs)),
    }


def _if_all_known(combined: Callable[[list[int]], int], values: Iterable[int | None]) -> int | None:
    given = list(values)
    known = [value for value in given if value is not None]
    return combined(known) if known and len(known) == len(given) else None


def _compile_result(report: Report, output: Output, room: _Room) -> schemas.CompileResult | None:
    if report.compile is None:
        return None
    shown = room.shown("compile", output.compile or _NOTHING)
    return schemas.CompileResult(
        exit_code=report.compile.exit_code,
        signal=report.compile.signal,
        stdout=shown["stdout"],
        stderr=shown["stderr"],
        wall_ms=report.compile.wall_us / 1000,
        cpu_ms=_cpu_ms(report.compile),
        memory_peak_kib=report.compile.memory_peak_kib,
        stopped_by=report.compile.stopped_by,
        cached=report.compile.cached,
    )


def _cpu_ms(stage: StageReport) -> float | None:
    return None if stage.cpu_us is None else stage.cpu_us / 1000


def _exact(content: bytes) -> str | None:
    """In base64, if it is not UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return b64encode(content).decode("ascii")
    return None
