"""Which outcome takes precedence, as docs/architecture.md says."""

import pytest

from app.domain.execution import Outcome
from app.domain.report import Limit, Observation, Output, Phase, Report, StageOutput, StageReport
from app.domain.submission import ExpectedOutput
from tests.support.builders import NOW
from tests.support.judging import a_stage, judge

HELLO = Output(compile=None, runs=(StageOutput(stdout=b"hello \n\n", stderr=b""),))


def ended(run: StageReport | None, compile: StageReport | None = None) -> Observation:
    return Observation(
        name="01j-1",
        phase=Phase.ENDED,
        started_at=NOW,
        ended_at=NOW + 5,
        report=Report(compile=compile, runs=() if run is None else (run,)),
    )


@pytest.mark.parametrize(
    ("run", "expected", "outcome"),
    [
        (a_stage(), None, Outcome.SUCCESS),
        (a_stage(), ExpectedOutput(b"hello"), Outcome.SUCCESS),
        (a_stage(), ExpectedOutput(b"goodbye"), Outcome.WRONG_OUTPUT),
        (a_stage(), ExpectedOutput(b"hello", exact=True), Outcome.WRONG_OUTPUT),
        (a_stage(), ExpectedOutput(b"hello \n\n", exact=True), Outcome.SUCCESS),
        (a_stage(1), ExpectedOutput(b"goodbye"), Outcome.RUNTIME_ERROR),
        (a_stage(137), None, Outcome.RUNTIME_ERROR),
        (a_stage(None, "SIGKILL"), None, Outcome.RUNTIME_ERROR),
        (a_stage(None, "SIGKILL", Limit.WALL), None, Outcome.TIME_LIMIT),
        (a_stage(None, "SIGKILL", Limit.CPU), None, Outcome.TIME_LIMIT),
        (a_stage(1, None, Limit.MEMORY), ExpectedOutput(b"goodbye"), Outcome.MEMORY_LIMIT),
        (a_stage(0, None, Limit.OUTPUT), None, Outcome.OUTPUT_LIMIT),
    ],
)
def test_the_outcome_that_wins(
    run: StageReport, expected: ExpectedOutput | None, outcome: Outcome
) -> None:
    verdict = judge(ended(run), expected, HELLO)
    assert verdict.outcome is outcome
    assert (verdict.exit_code, verdict.signal) == (run.exit_code, run.signal)


@pytest.mark.parametrize("stopped_by", [None, Limit.WALL, Limit.MEMORY])
def test_what_did_not_compile_did_not_run(stopped_by: Limit | None) -> None:
    compile = a_stage(1, stopped_by=stopped_by)
    verdict = judge(ended(None, compile), ExpectedOutput(b"hello"), None)
    assert verdict.outcome is Outcome.COMPILE_ERROR
    assert (verdict.exit_code, verdict.signal) == (None, None)


def test_a_pod_that_runs_has_no_verdict() -> None:
    running = Observation(name="01j-1", phase=Phase.RUNNING, started_at=NOW)
    with pytest.raises(ValueError, match="has not ended"):
        judge(running, None, None)
