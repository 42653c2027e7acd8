"""A kubelet hangs, or dies and comes back: the verdict or retry is right, and nothing is left."""

import secrets

import pytest

from app.domain.execution import Execution, Outcome, State
from app.domain.report import Phase
from app.infrastructure.kubernetes.inside import COLLECTOR_COMMAND
from app.service.saga import compensate
from tests.kubernetes import parts
from tests.kubernetes.attempts import Attempts
from tests.support.builders import NOW
from tests.support.kubernetes.namespace import uid_of_pod
from tests.support.told import told_to_end
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.disturbs, pytest.mark.timeout(300)]

MARK = secrets.token_hex()


def test_one_that_hangs_does_not_hold_a_slot(attempts: Attempts) -> None:
    execution = attempts.until_told(MARK)
    with parts.stopped("kubelet"):
        assert attempts.twins.store.executions.apply(attempts.row(execution.id).cancel(NOW, NOW))
        compensate(attempts.ports, execution.id)
        attempts.assert_nothing_left()


@pytest.mark.parametrize("meanwhile", [True, False], ids=["ends meanwhile", "runs on"])
def test_a_program_that_runs_when_it_is_killed_gets_its_verdict(
    attempts: Attempts, namespace: str, meanwhile: bool
) -> None:
    execution = attempts.until_told(MARK)
    uid = uid_of_pod(execution.pod, namespace)
    with parts.killed("kubelet"):
        if meanwhile:
            with told_to_end(MARK):
                wait_until(lambda: not parts.processes_of(uid, COLLECTOR_COMMAND))

    with told_to_end(MARK):
        assert_success(attempts, execution)
    attempts.assert_nothing_left()


def test_a_program_whose_processes_are_killed_too_is_run_again(
    attempts: Attempts, namespace: str
) -> None:
    """As when the whole node dies and returns."""
    execution = attempts.until_told(MARK)
    uid = uid_of_pod(execution.pod, namespace)
    with parts.killed("kubelet"):
        for process in parts.processes_of(uid, COLLECTOR_COMMAND):
            process.kill()

    queued = attempts.poll_until(execution, State.QUEUED)
    assert queued.message == "the collector ended with Error, code 137"
    attempts.assert_nothing_left()


def test_a_pod_that_is_made_meanwhile_runs_when_it_is_back(attempts: Attempts) -> None:
    with parts.killed("kubelet"):
        execution = attempts.create("print(1)")
        attempts.wait_for(execution, Phase.WAITING)

    assert_success(attempts, execution)
    attempts.assert_nothing_left()


def assert_success(attempts: Attempts, execution: Execution) -> None:
    row = attempts.completed(execution)
    assert (row.state, row.outcome, row.attempt) == (State.COMPLETED, Outcome.SUCCESS, 1)
