"""Outputs are compared once, and what was found is stored."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain import submission
from app.domain.chain import PERSIST
from app.domain.compare import Compare, equal
from app.domain.execution import Execution, Outcome, State
from app.domain.pod import Pod
from app.domain.result import Result
from app.domain.submission import ExpectedOutput, SubmittedTest
from app.infrastructure.memory.runtime import Script
from tests.support.twins import Twins
from tests.support.worker import Worker

RIGHT, WRONG = ExpectedOutput(b"42"), ExpectedOutput(b"43")


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every expected output that something was compared with."""
    found: list[bytes] = []

    def noted(printed: bytes, expected: bytes, compare: Compare) -> bool:
        found.append(expected)
        return equal(printed, expected, compare)

    monkeypatch.setattr(submission, "equal", noted)
    return found


def prints_42(_pod: Pod) -> Script:
    return Script(prints=b"42\n")


def until_finished(twins: Twins, execution: Execution) -> tuple[Worker, Execution]:
    worker = Worker(twins.ports)
    while worker.next_link() != PERSIST:
        worker.run_one()
    return worker, twins.now(execution)


def result_of(twins: Twins, execution: Execution) -> Result:
    row = twins.now(execution)
    assert row.state is State.COMPLETED
    assert row.wrong_runs is None
    assert row.result_id
    found = twins.store.results.get(row.result_id)
    assert found
    return found


@pytest.mark.parametrize(
    ("expected", "wrong", "outcome"),
    [(RIGHT, (), Outcome.SUCCESS), (WRONG, (0,), Outcome.WRONG_OUTPUT)],
)
def test_one_run(
    twins: Twins,
    compared: list[bytes],
    expected: ExpectedOutput,
    wrong: Sequence[int],
    outcome: Outcome,
) -> None:
    twins.runtime.script = prints_42
    execution = twins.submit(expected_output=expected)
    worker, finished = until_finished(twins, execution)
    assert finished.wrong_runs == wrong
    worker.run_all()
    result_of(twins, execution)
    assert twins.now(execution).outcome is outcome
    assert compared == [expected.content]


def with_tests(twins: Twins, expected: Sequence[ExpectedOutput], *, stop: bool) -> Execution:
    twins.runtime.script = prints_42
    tests = tuple(
        SubmittedTest(name=str(number), expected_output=each)
        for number, each in enumerate(expected)
    )
    return twins.submit(tests=tests, stop_on_failure=stop)


def test_tests(twins: Twins, compared: list[bytes]) -> None:
    execution = with_tests(twins, [WRONG, RIGHT, WRONG], stop=False)
    worker, finished = until_finished(twins, execution)
    assert finished.wrong_runs == (0, 2)
    worker.run_all()
    outcomes = [test.outcome for test in result_of(twins, execution).tests]
    assert outcomes == [Outcome.WRONG_OUTPUT, Outcome.SUCCESS, Outcome.WRONG_OUTPUT]
    assert len(compared) == 3


def test_nothing_after_a_wrong_one_with_stop_on_failure(
    twins: Twins, compared: list[bytes]
) -> None:
    execution = with_tests(twins, [RIGHT, WRONG, WRONG], stop=True)
    Worker(twins.ports).run_all()
    outcomes = [test.outcome for test in result_of(twins, execution).tests]
    assert outcomes == [Outcome.SUCCESS, Outcome.WRONG_OUTPUT, None]
    assert compared == [b"42", b"43"]


def test_a_row_of_an_earlier_version_is_compared_again(twins: Twins, compared: list[bytes]) -> None:
    execution = with_tests(twins, [RIGHT, WRONG], stop=False)
    worker, finished = until_finished(twins, execution)
    twins.store.tables.rows[execution.id] = replace(finished, wrong_runs=None)
    worker.run_all()
    outcomes = [test.outcome for test in result_of(twins, execution).tests]
    assert outcomes == [Outcome.SUCCESS, Outcome.WRONG_OUTPUT]
    assert len(compared) == 4
