"""How an execution ended, as one of Judge0's fourteen statuses."""

from dataclasses import dataclass
from typing import Any, Final

from app.domain.execution import Execution, Outcome, State
from app.domain.judging import outcome_of
from app.domain.report import Limit, StageOutput, StageReport
from app.domain.result import Result
from app.domain.signals import number_of

DESCRIPTIONS: Final = {
    1: "In Queue",
    2: "Processing",
    3: "Accepted",
    4: "Wrong Answer",
    5: "Time Limit Exceeded",
    6: "Compilation Error",
    7: "Runtime Error (SIGSEGV)",
    8: "Runtime Error (SIGXFSZ)",
    9: "Runtime Error (SIGFPE)",
    10: "Runtime Error (SIGABRT)",
    11: "Runtime Error (NZEC)",
    12: "Runtime Error (Other)",
    13: "Internal Error",
    14: "Exec Format Error",
}
IN_QUEUE: Final = 1
PROCESSING: Final = 2
ACCEPTED: Final = 3
WRONG_ANSWER: Final = 4
TIME_LIMIT: Final = 5
COMPILE_ERROR: Final = 6
OUTPUT_LIMIT: Final = 8
NONZERO_EXIT: Final = 11
OTHER_SIGNAL: Final = 12
INTERNAL_ERROR: Final = 13

_OF_SIGNAL: Final = {"SIGSEGV": 7, "SIGXFSZ": 8, "SIGFPE": 9, "SIGABRT": 10}
_OF_OUTPUT: Final = {Outcome.SUCCESS: ACCEPTED, Outcome.WRONG_OUTPUT: WRONG_ANSWER}
_TIME: Final = "Time limit exceeded"
_WALL_TIME: Final = "Time limit exceeded (wall clock)"
_OUT_OF_MEMORY: Final = 137
"""What the shell of Judge0 reports of a program that was killed; clients look for it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What Judge0 reports of an end."""

    status: int
    message: str | None = None
    exit_code: int | None = None
    exit_signal: int | None = None


def as_shown(status: int) -> dict[str, Any]:
    return {"id": status, "description": DESCRIPTIONS[status]}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the program."""

    outcome: Outcome
    report: StageReport
    printed: StageOutput


_NOTHING: Final = StageOutput(stdout=b"", stderr=b"")


def runs_of(execution: Execution, result: Result) -> list[Run]:
    """Those that were made, in order. The last one decides, as they stop at the first failure."""
    outcomes = [test.outcome for test in result.tests] if execution.tests else [execution.outcome]
    runs = zip(outcomes, result.report.runs, result.output.runs, strict=False)
    return [
        Run(outcome, report, printed or _NOTHING)
        for outcome, report, printed in runs
        if outcome is not None and report is not None
    ]


def ended(execution: Execution, runs: list[Run], cpu_time_limit: float | None) -> Ended:
    """`cpu_time_limit` is in seconds, without the time that Judge0 adds before it kills."""
    if execution.state is State.QUEUED:
        return Ended(IN_QUEUE)
    if not execution.state.terminal:
        return Ended(PROCESSING)
    if execution.state is not State.COMPLETED:
        return Ended(INTERNAL_ERROR, execution.message or f"The execution was {execution.state}")
    if execution.outcome is Outcome.COMPILE_ERROR or not runs:
        return Ended(COMPILE_ERROR)
    last = runs[-1]
    if _took_too_long(last.report, cpu_time_limit):
        return Ended(TIME_LIMIT, _TIME, exit_code=0)
    if last.outcome is Outcome.SUCCESS and execution.outcome is Outcome.TIME_LIMIT:
        # The time of all runs together was used up, and others were skipped.
        return Ended(TIME_LIMIT, _WALL_TIME, exit_code=0)
    return _of_run(last)


def _took_too_long(report: StageReport, cpu_time_limit: float | None) -> bool:
    """Also one that ended in the extra time."""
    if report.stopped_by is not None or not cpu_time_limit or report.cpu_us is None:
        return False
    return report.cpu_us > cpu_time_limit * 1_000_000


def _of_run(run: Run) -> Ended:
    report = run.report
    match outcome_of(report):
        case Outcome.TIME_LIMIT:
            message = _WALL_TIME if report.stopped_by is Limit.WALL else _TIME
            return Ended(TIME_LIMIT, message, exit_code=0)
        case Outcome.MEMORY_LIMIT:
            return Ended(NONZERO_EXIT, _exited(_OUT_OF_MEMORY), exit_code=_OUT_OF_MEMORY)
        case Outcome.OUTPUT_LIMIT:
            return _killed("SIGXFSZ")
        case Outcome.RUNTIME_ERROR if report.signal:
            return _killed(report.signal)
        case Outcome.RUNTIME_ERROR:
            code = report.exit_code or 0
            return Ended(NONZERO_EXIT, _exited(code), exit_code=code)
        case _:
            return Ended(_OF_OUTPUT.get(run.outcome, INTERNAL_ERROR), exit_code=0)


def _exited(code: int) -> str:
    return f"Exited with error status {code}"


def _killed(signal: str) -> Ended:
    number = number_of(signal)
    message = f"Caught fatal signal {number or signal}"
    status = _OF_SIGNAL.get(signal, OTHER_SIGNAL)
    return Ended(status, message, exit_code=0, exit_signal=number)
