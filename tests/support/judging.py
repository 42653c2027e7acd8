"""Stages, and the verdict on a pod with one run, for tests that are about either."""

from dataclasses import replace

from app.domain.execution import Verdict
from app.domain.judging import compared, judged, verdict
from app.domain.report import Limit, Observation, Output, StageReport
from app.domain.submission import ExpectedOutput
from tests.support.builders import a_submission


def a_stage(
    exit_code: int | None = 0, signal: str | None = None, stopped_by: Limit | None = None
) -> StageReport:
    """A stage that took no time to speak of."""
    return StageReport(
        exit_code=exit_code,
        signal=signal,
        wall_us=1,
        cpu_us=1,
        memory_peak_kib=1,
        stopped_by=stopped_by,
    )


def judge(
    observation: Observation, expected: ExpectedOutput | None, output: Output | None
) -> Verdict:
    """Raises ValueError if the pod has not ended."""
    submission = a_submission(expected_output=expected)
    if observation.report is None:
        return verdict(submission, observation, [])
    stdout = output.run.stdout if output and output.run else b""
    only = replace(observation.report, runs=observation.report.runs[:1])
    judgements = judged(submission, only, lambda run: compared(submission, run, stdout))
    return verdict(submission, observation, judgements)
