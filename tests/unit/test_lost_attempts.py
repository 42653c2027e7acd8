"""What attempts without a result stored is removed once the execution is terminal."""

import pytest

from app.domain.errors import StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.pod import Pod
from app.infrastructure.memory.blobs import MemoryBlobs
from app.infrastructure.memory.runtime import Script
from app.service.cancel import cancel
from app.service.retention import erase
from app.service.sweep import sweep
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.unit.test_pipeline import run_until_terminal

LONG = b"y" * 100_000


def prints_long_output(_pod: Pod) -> Script:
    return Script(prints=LONG)


def blobs_of(twins: Twins, execution: Execution) -> set[bytes]:
    return set(twins.blobs._contents.get(execution.id, {}).values())


def finished(twins: Twins, worker: Worker) -> Execution:
    """Its attempt has stored something else than a later one will."""
    execution = twins.submit()
    while twins.now(execution).state is not State.FINISHED:
        worker.run_one()
    twins.blobs.put(execution.id, [b"lost"])
    return execution


@pytest.fixture(autouse=True)
def long_output(twins: Twins) -> None:
    twins.runtime.script = prints_long_output


def test_of_an_attempt_before_the_last(twins: Twins, worker: Worker) -> None:
    execution = finished(twins, worker)
    twins.runtime.lose(twins.now(execution).pod)
    run_until_terminal(twins, worker, execution)
    row = twins.now(execution)
    assert (row.state, row.attempt) == (State.COMPLETED, 2)
    assert blobs_of(twins, execution) == {LONG}


def test_of_one_that_was_cancelled(twins: Twins, worker: Worker) -> None:
    execution = finished(twins, worker)
    cancel(twins.ports, twins.now(execution))
    worker.run_all()
    assert blobs_of(twins, execution) == set()


def test_of_one_that_was_erased_before_its_clean_up(twins: Twins, worker: Worker) -> None:
    execution = finished(twins, worker)
    cancelled = cancel(twins.ports, twins.now(execution))
    erase(twins.store.executions, twins.blobs, cancelled)
    twins.blobs.put(execution.id, [b"late"])
    worker.run_all()
    assert blobs_of(twins, execution) == set()


def test_the_only_attempt_is_not_searched(twins: Twins, worker: Worker) -> None:
    execution = finished(twins, worker)
    worker.run_all()
    assert twins.now(execution).state is State.COMPLETED
    assert blobs_of(twins, execution) == {b"lost", LONG}


def test_while_blobs_are_unavailable_the_row_stays_due(
    twins: Twins, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreUnavailable("blobs: no disk")

    execution = finished(twins, worker)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryBlobs, "keep", fails)
        cancel(twins.ports, twins.now(execution))
        worker.run_all()
    assert twins.admission.slots_used() == 0
    assert twins.now(execution).next_action_at is not None
    twins.clock.advance(60)
    sweep(twins.ports)
    worker.run_all()
    assert twins.now(execution).next_action_at is None
    assert blobs_of(twins, execution) == set()
