"""Judges what a pod printed, with a checker if there is one.

The monitor compares outputs, and the row remembers which were wrong, because comparing can take
long. What a checker said is read again by the result processor, from the same pods.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from app.domain.judging import Judgement, compared, judged, remembered
from app.domain.report import StageOutput
from app.domain.submission import Submission
from app.ports import Runtime
from app.service.checks import Checks
from app.service.outputs import Ended, Outputs

Read: TypeAlias = Callable[[], StageOutput]
"""Reads what a run printed. Raises OutputLost."""
JudgeOutput: TypeAlias = Callable[[int, Read], Judgement]
"""Judges what the run of that index printed, and reads it only if it matters.

It is asked about the runs in order. Raises OutputLost.
"""


def judge_of(
    submission: Submission, checks: Checks | None, wrong_runs: Sequence[int] | None = None
) -> JudgeOutput:
    """What judges an output: the checks that have ended, or a comparison if there are none.

    With `wrong_runs`, they have been compared before.
    """
    if checks:
        return checks.judgement
    if wrong_runs is None:
        return lambda index, read: _compare(submission, index, read)
    return lambda index, read: _remember(wrong_runs, index, read)


def judge(
    runtime: Runtime, submission: Submission, pod: Ended, checks: Checks | None
) -> list[Judgement | None]:
    """The judgement on each run. Raises OutputLost."""
    judge_output, printed = judge_of(submission, checks), Outputs(runtime, pod)
    return judged(
        submission,
        pod.report,
        lambda index: judge_output(index, lambda: printed.of(index)),
    )


def _remember(wrong_runs: Sequence[int], index: int, read: Read) -> Judgement:
    read()  # what is lost can't be stored
    return remembered(wrong_runs, index)


def _compare(submission: Submission, index: int, read: Read) -> Judgement:
    matters = submission.expected(index) is not None
    return compared(submission, index, read().stdout if matters else b"")
