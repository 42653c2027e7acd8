"""Whatever a report says, Judge0's statuses and figures of it make sense together."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from signal import Signals
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.judge0 import submission
from app.api.doors.judge0.statuses import (
    ACCEPTED,
    COMPILE_ERROR,
    DESCRIPTIONS,
    INTERNAL_ERROR,
    NONZERO_EXIT,
    TIME_LIMIT,
    WRONG_ANSWER,
)
from app.domain.execution import Outcome, State
from app.domain.judging import JudgedTest, outcome_of
from app.domain.report import Limit, Output, Report, StageOutput, StageReport
from tests.support.builders import a_result, an_execution
from tests.unit.doors.test_judge0_submission import ATTRIBUTES, completed, shown

CPU_SECONDS: Final = ATTRIBUTES.cpu_time_limit
CRASHES: Final = {"SIGSEGV": 7, "SIGXFSZ": 8, "SIGFPE": 9, "SIGABRT": 10}
MICROSECONDS: Final = st.integers(0, 10_000_000)
ENDS: Final = st.one_of(
    st.integers(0, 255).map(lambda code: {"exit_code": code, "signal": None}),
    st.sampled_from([*Signals.__members__, "SIGRTMIN+3", "SIGNEW"]).map(
        lambda name: {"exit_code": None, "signal": name}
    ),
)
REPORTS: Final = st.builds(
    lambda end, **facts: StageReport(**end, **facts),
    ENDS,
    wall_us=MICROSECONDS,
    cpu_us=st.none() | MICROSECONDS,
    memory_peak_kib=st.none() | st.integers(0, 10**6),
    stopped_by=st.none() | st.sampled_from(Limit),
)
PRINTED: Final = st.builds(StageOutput, stdout=st.binary(max_size=9), stderr=st.binary(max_size=9))


def outcome(report: StageReport, *, right: bool) -> Outcome:
    """As the service judges it."""
    return outcome_of(report) or (Outcome.SUCCESS if right else Outcome.WRONG_OUTPUT)


def of_runs(
    reports: Sequence[StageReport], printed: Sequence[StageOutput], rights: Sequence[bool]
) -> dict[str, Any]:
    """The submission, after several runs of which none failed before the last."""
    judged = zip(reports, rights, strict=True)
    outcomes = [outcome(report, right=right) for report, right in judged]
    row = completed(outcomes[-1], tests=len(reports) if len(reports) > 1 else 0)
    result = a_result(
        row,
        report=Report(compile=None, runs=tuple(reports)),
        output=Output(compile=None, runs=tuple(printed)),
        tests=tuple(JudgedTest(name=f"{n}", outcome=o, points=0) for n, o in enumerate(outcomes)),
    )
    return shown(row, result, base64=True)


class TestOneRun:
    @given(report=REPORTS, printed=PRINTED, right=st.booleans())
    def test_has_one_status_and_what_belongs_to_it(
        self, report: StageReport, printed: StageOutput, right: bool
    ) -> None:
        found = of_runs([report], [printed], [right])
        json.dumps(found)
        status, code, signal = found["status_id"], found["exit_code"], found["exit_signal"]
        assert found["status"] == {"id": status, "description": DESCRIPTIONS[status]}
        assert (code != 0) == (status == NONZERO_EXIT)
        assert signal is None or 7 <= status <= 12
        assert (found["message"] is None) == (status in (ACCEPTED, WRONG_ANSWER))
        assert (status in (ACCEPTED, WRONG_ANSWER)) == (not report.failed and not slow(report))
        if status in (ACCEPTED, WRONG_ANSWER):
            assert right == (status == ACCEPTED)

    @given(report=REPORTS)
    def test_that_crashes_has_the_status_of_its_signal(self, report: StageReport) -> None:
        found = of_runs([report], [StageOutput(stdout=b"", stderr=b"")], [True])
        if report.signal and report.stopped_by is None and not slow(report):
            assert found["status_id"] == CRASHES.get(report.signal, 12)
            known = Signals.__members__.get(report.signal)
            assert known is None or found["exit_signal"] == known

    @given(report=REPORTS)
    def test_that_a_limit_of_time_stopped(self, report: StageReport) -> None:
        found = of_runs([report], [StageOutput(stdout=b"", stderr=b"")], [True])
        timed_out = report.stopped_by in (Limit.CPU, Limit.WALL) or slow(report)
        assert (found["status_id"] == TIME_LIMIT) == timed_out


def slow(report: StageReport) -> bool:
    """It ended in the extra time."""
    return report.stopped_by is None and (report.cpu_us or 0) > CPU_SECONDS * 1_000_000


class TestSeveralRuns:
    @given(st.lists(st.tuples(REPORTS, PRINTED), min_size=2, max_size=5), st.booleans())
    def test_are_averaged_and_the_last_decides(
        self, runs: list[tuple[StageReport, StageOutput]], right: bool
    ) -> None:
        reports = [replace(report, exit_code=0, signal=None, stopped_by=None) for report, _ in runs]
        reports[-1] = runs[-1][0]
        printed = [output for _, output in runs]
        found = of_runs(reports, printed, [True] * (len(runs) - 1) + [right])
        alone = of_runs([reports[-1]], [printed[-1]], [right])
        for name in ("status_id", "exit_code", "exit_signal", "message", "stdout", "stderr"):
            assert found[name] == alone[name]
        walls = [report.wall_us for report in reports]
        assert min(walls) - 500 <= float(found["wall_time"]) * 1_000_000 <= max(walls) + 500
        memory = [each.memory_peak_kib for each in reports if each.memory_peak_kib is not None]
        assert (found["memory"] is None) == (not memory)
        assert not memory or min(memory) <= found["memory"] <= max(memory)


@given(st.sampled_from(State), st.sampled_from(Outcome), st.none() | st.text(max_size=9))
def test_every_state_has_a_status(state: State, outcome: Outcome, message: str | None) -> None:
    done = state is State.COMPLETED
    row = an_execution(state=state, outcome=outcome if done else None, message=message)
    found = shown(row, base64=True)
    json.dumps(found)
    assert found["status_id"] in DESCRIPTIONS
    assert (found["status_id"] == COMPILE_ERROR) == done, "without a report, nothing ran"
    assert (found["status_id"] == INTERNAL_ERROR) == (state in (State.FAILED, State.CANCELLED))
    assert found["stdout"] is found["stderr"] is found["time"] is found["exit_code"] is None


class TestFigures:
    @given(st.integers(0, 4_102_444_800_000_000))
    def test_times_have_milliseconds_and_are_never_later(self, at: int) -> None:
        """Judge0's Python package reads exactly this form."""
        text = submission._time(at)
        assert text is not None
        assert len(text) == len("2026-01-02T03:04:05.678Z")
        read = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        true = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
        assert timedelta(0) <= true - read < timedelta(milliseconds=1)

    @given(MICROSECONDS)
    def test_seconds_have_three_decimals(self, microseconds: int) -> None:
        text = submission._seconds(microseconds)
        assert text is not None
        assert len(text.partition(".")[2]) == 3
        assert abs(float(text) * 1_000_000 - microseconds) <= 500.0001

    def test_nothing_is_null(self) -> None:
        assert (submission._time(None), submission._seconds(None)) == (None, None)
        assert submission._whole(None) is None
