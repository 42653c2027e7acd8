"""What became of each test: outcomes, points, and which tests a checker has to look at.

A submission without tests is judged like one with a single test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.domain.execution import Outcome, Verdict
from app.domain.report import Limit, Observation, Report, StageReport
from app.domain.submission import KeepOutput, Submission

_OUTCOME_OF_LIMIT: Final = {
    Limit.WALL: Outcome.TIME_LIMIT,
    Limit.CPU: Outcome.TIME_LIMIT,
    Limit.MEMORY: Outcome.MEMORY_LIMIT,
    Limit.OUTPUT: Outcome.OUTPUT_LIMIT,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one run is worth."""

    outcome: Outcome
    share: float
    """Of the points: from 0 to 1."""
    message: str | None = None
    """What the checker said."""


RIGHT: Final = Judgement(Outcome.SUCCESS, 1)
WRONG: Final = Judgement(Outcome.WRONG_OUTPUT, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTest:
    """What became of one test."""

    name: str
    outcome: Outcome | None
    """None if it was skipped."""
    points: float
    message: str | None = None


def outcome_of(run: StageReport) -> Outcome | None:
    """The outcome that follows from how the program ended; None if its output decides."""
    if run.stopped_by is not None:
        return _OUTCOME_OF_LIMIT[run.stopped_by]
    return Outcome.RUNTIME_ERROR if run.failed else None


def runs_to_judge(submission: Submission, report: Report) -> list[int]:
    """The indices of the runs whose output decides."""
    found = []
    for index, run in enumerate(report.runs):
        failed = run is not None and outcome_of(run) is not None
        if failed and submission.stop_on_failure:
            break
        if run is not None and not failed:
            found.append(index)
    return found


@dataclass(slots=True)
class Judging:
    """Judges the runs of a report, one after another.

    With `stop_on_failure`, all tests after the first that failed count as skipped, whether they ran
    or not.
    """

    submission: Submission
    report: Report
    found: list[Judgement | None] = field(default_factory=list)
    """None for a run that was or counts as skipped."""
    _failed: bool = False

    def next(self, judge_output: Callable[[int], Judgement]) -> Judgement | None:
        """Judge the next run, by `judge_output` if what it printed decides.

        Of a whole report, `judge_output` is asked about those of `runs_to_judge`, in order.
        """
        index = len(self.found)
        run = self.report.runs[index]
        judgement = None
        if run is not None and not (self._failed and self.submission.stop_on_failure):
            outcome = outcome_of(run)
            judgement = judge_output(index) if outcome is None else Judgement(outcome, 0)
            self._failed = self._failed or judgement.outcome is not Outcome.SUCCESS
        self.found.append(judgement)
        return judgement


def judged(
    submission: Submission, report: Report, judge_output: Callable[[int], Judgement]
) -> list[Judgement | None]:
    """The judgement on each run, in order; None if it was or counts as skipped."""
    judging = Judging(submission, report)
    for _ in report.runs:
        judging.next(judge_output)
    return judging.found


def outcome_of_all(judgements: Sequence[Judgement | None]) -> Outcome:
    """Success if every test's is; otherwise that of the first test whose outcome is not.

    Tests are skipped after a failure, or because the time of all tests was used up.
    """
    if not judgements:
        return Outcome.COMPILE_ERROR
    outcomes = [each.outcome if each else Outcome.TIME_LIMIT for each in judgements]
    return next((each for each in outcomes if each is not Outcome.SUCCESS), Outcome.SUCCESS)


def judged_tests(
    submission: Submission, judgements: Sequence[Judgement | None]
) -> tuple[JudgedTest, ...]:
    """Empty without tests, and after a compile error."""
    if not submission.tests:
        return ()
    return tuple(
        JudgedTest(name=test.name, outcome=None, points=0)
        if each is None
        else JudgedTest(
            name=test.name,
            outcome=each.outcome,
            points=test.points * each.share,
            message=each.message,
        )
        for test, each in zip(submission.tests, judgements, strict=False)
    )


def verdict(
    submission: Submission, observation: Observation, judgements: Sequence[Judgement | None]
) -> Verdict:
    """The verdict on an ended pod. Tests have exit codes and signals of their own."""
    report, started_at = observation.report, observation.started_at
    if report is None or started_at is None or observation.ended_at is None:
        raise ValueError(f"pod {observation.name} has not ended")
    run = None if submission.tests else report.run
    return Verdict(
        outcome_of_all(judgements),
        None if run is None else run.exit_code,
        None if run is None else run.signal,
        started_at,
        observation.ended_at,
        _wrong(judgements),
    )


def _wrong(judgements: Sequence[Judgement | None]) -> tuple[int, ...]:
    return tuple(
        index
        for index, each in enumerate(judgements)
        if each is not None and each.outcome is Outcome.WRONG_OUTPUT
    )


def message_about(
    submission: Submission, report: Report, judgements: Sequence[Judgement | None]
) -> str | None:
    """The message about the whole execution, if there is one."""
    if not submission.tests:
        return report.message or next((each.message for each in judgements if each), None)
    fail = any(run is not None and outcome_of(run) is not None for run in report.runs)
    skipped = 0 if submission.stop_on_failure and fail else report.runs.count(None)
    if skipped:
        return f"The time of all tests was used up: {skipped} of {len(report.runs)} were skipped"
    return report.message


def kept(submission: Submission, judgement: Judgement | None) -> bool:
    """Whether the output of the run that was judged so is stored."""
    if submission.keep_output is not KeepOutput.FAILURES:
        return submission.keep_output is KeepOutput.ALL
    return judgement is None or judgement.outcome is not Outcome.SUCCESS


def compared(submission: Submission, index: int, stdout: bytes) -> Judgement:
    """The judgement of comparing what that run printed with what it had to print."""
    expected = submission.expected(index)
    right = expected is None or expected.matches(stdout)
    return RIGHT if right else WRONG


def remembered(wrong_runs: Sequence[int], index: int) -> Judgement:
    """The judgement of a comparison whose verdict has these wrong runs."""
    return WRONG if index in wrong_runs else RIGHT
