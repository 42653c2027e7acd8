"""A terminal execution becomes the response to `/run_code`."""

from collections.abc import Iterable, Mapping
from signal import SIGKILL
from typing import Any, Final

from app.domain.execution import Execution
from app.domain.report import Limit, StageOutput, StageReport
from app.domain.result import Result
from app.domain.signals import number_of
from app.domain.submission import Limits

_NOTHING: Final = StageOutput(stdout=b"", stderr=b"")
_KILLED: Final = -int(SIGKILL)
_FAULTY_COMPILER: Final = 1
"""The return code of a compiler that reported no error, and made no program."""
_TIMES: Final = frozenset({Limit.WALL, Limit.CPU})


def not_run(execution: Execution) -> dict[str, Any]:
    """For an execution that failed or was cancelled. The client may send it again."""
    return _response("SandboxError", [execution.message or f"the execution was {execution.state}"])


def ran(
    execution: Execution, result: Result, files: Mapping[str, str], notes: Iterable[str]
) -> dict[str, Any]:
    compiled, run = result.report.compile, result.report.run
    of_compiler = compiled and _stage(compiled, result.output.compile)
    if of_compiler and not run and of_compiler["return_code"] == 0:
        of_compiler["return_code"] = _FAULTY_COMPILER
    shown = {
        "compile_result": of_compiler,
        "run_result": run and _stage(run, result.output.run),
        "files": files,
    }
    succeeded = run is not None and not run.failed
    limits = {"compiler": execution.compile_limits, "program": execution.limits}
    stages = zip(limits.items(), (compiled, run), strict=True)
    stopped = [
        stopped_by(who, stage.stopped_by, of)
        for (who, of), stage in stages
        if stage and stage.stopped_by
    ]
    said = [*stopped, *([execution.message] if execution.message and not stopped else ())]
    return _response("Success" if succeeded else "Failed", [*said, *notes]) | shown


def _response(status: str, said: Iterable[str]) -> dict[str, Any]:
    return {
        "status": status,
        "message": " ".join(said),
        "compile_result": None,
        "run_result": None,
        "executor_pod_name": None,
        "files": {},
    }


def _stage(report: StageReport, output: StageOutput | None) -> dict[str, Any]:
    printed = output or _NOTHING
    timed_out = report.stopped_by in _TIMES
    return {
        "status": "TimeLimitExceeded" if timed_out else "Finished",
        "execution_time": report.wall_us / 1_000_000,
        "return_code": None if timed_out else _return_code(report),
        "stdout": printed.stdout.decode(errors="replace"),
        "stderr": printed.stderr.decode(errors="replace"),
    }


def _return_code(report: StageReport) -> int:
    """As Python has it: a signal is a negative number. Whatever a limit stopped was killed."""
    if report.stopped_by or (report.exit_code is None and report.signal is None):
        return _KILLED
    return -(number_of(report.signal) or SIGKILL) if report.signal else report.exit_code or 0


def stopped_by(who: str, limit: Limit, limits: Limits) -> str:
    """A sentence about the limit that ended the compiler or the program."""
    match limit:
        case Limit.WALL:
            return f"The {who} ran for more than {limits.wall_seconds:g} s."
        case Limit.CPU:
            return f"The {who} used more than {limits.cpu_seconds:g} s of CPU time."
        case Limit.MEMORY:
            return f"The {who} exceeded the memory limit of {limits.memory_mib} MiB."
        case Limit.OUTPUT:
            return f"The {who} printed more than {limits.output_kib} KiB on one stream."
