"""What a checker says about an output, by the convention of testlib.

Exit codes: 0 is right, 1 wrong, 2 in a wrong form, 7 worth some points. The rest goes to stderr.
https://codeforces.com/testlib
"""

import math
import re
from typing import Final

from app.domain.execution import Outcome
from app.domain.judging import Judgement
from app.domain.report import Report, StageOutput, StageReport

MESSAGE_CHARACTERS: Final = 1000
"""Of what a checker says about a test."""

_POINTS: Final = re.compile(rb"points[ \t]+([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![^\s])")
_WRONG: Final = frozenset({1, 2})
_PARTIAL: Final = 7

NO_TIME_LEFT: Final = Judgement(Outcome.CHECKER_ERROR, 0, "The time of all checks was used up")


def too_large(size: int, most: int) -> Judgement:
    """The judgement on a run that no checker can look at."""
    why = (
        f"The checker, input, output and answer have {size} bytes, and at most {most} are possible"
    )
    return Judgement(Outcome.CHECKER_ERROR, 0, why)


def checked(report: Report, run: int, output: StageOutput | None) -> Judgement:
    """The judgement of that run of a checker."""
    said = (output.stderr if output else b"").decode(errors="replace").strip()
    if not report.runs:
        why = f"The checker could not be compiled: {said}".removesuffix(": ")
        return Judgement(Outcome.CHECKER_ERROR, 0, why[:MESSAGE_CHARACTERS])
    ended = report.runs[run]
    if ended is None:
        return NO_TIME_LEFT
    message = said[:MESSAGE_CHARACTERS] or None
    outcome, share = _of_checker(ended, output)
    if outcome is Outcome.CHECKER_ERROR and message is None:
        message = _how(ended)
    return Judgement(outcome, share, message)


def _of_checker(ended: StageReport, output: StageOutput | None) -> tuple[Outcome, float]:
    if ended.stopped_by is None and ended.exit_code is not None:
        if ended.exit_code == 0:
            return Outcome.SUCCESS, 1
        if ended.exit_code in _WRONG:
            return Outcome.WRONG_OUTPUT, 0
        if ended.exit_code == _PARTIAL:
            return _partial(output.stderr if output else b"")
    return Outcome.CHECKER_ERROR, 0


def _partial(stderr: bytes) -> tuple[Outcome, float]:
    found = _POINTS.match(stderr.lstrip())
    share = float(found[1]) if found else math.inf
    if share > 1:
        return Outcome.CHECKER_ERROR, 0
    return (Outcome.SUCCESS if share == 1 else Outcome.WRONG_OUTPUT), share


def _how(ended: StageReport) -> str:
    if ended.stopped_by:
        return f"A limit stopped the checker: {ended.stopped_by}"
    if ended.signal:
        return f"The checker was ended by {ended.signal}"
    if ended.exit_code == _PARTIAL:
        return "The checker exited with 7, but did not begin with points and a number from 0 to 1"
    return f"The checker exited with {ended.exit_code}"
