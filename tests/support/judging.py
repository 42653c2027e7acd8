"""The verdict on a pod with one run, for tests that are about runtimes."""

from dataclasses import replace

from app.domain.execution import Verdict
from app.domain.judging import compared, judged, verdict
from app.domain.report import Observation, Output
from app.domain.submission import ExpectedOutput
from tests.support.builders import a_submission


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
