"""While an output is judged, the same message again does not judge it a second time."""

import threading
from contextlib import AbstractContextManager, suppress
from types import FunctionType
from typing import ClassVar

import pytest

from app.domain.chain import PERSIST
from app.domain.errors import StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.report import Output
from app.domain.submission import ExpectedOutput
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.runtime import Script
from app.service import holding
from app.service.cancel import cancel
from app.service.holding import HOLD_SECONDS, beat, is_judged
from app.service.monitor import poll
from app.service.results import persist
from app.service.sweep import sweep
from tests.support.twins import Twins
from tests.support.worker import Worker


def row_of(twins: Twins, execution_id: str) -> Execution:
    row = twins.store.executions.get(execution_id)
    assert row is not None
    return row


@pytest.mark.parametrize("step", [poll, persist])
def test_a_message_that_comes_while_an_output_is_judged_counts_no_try(
    twins: Twins, monkeypatch: pytest.MonkeyPatch, step: FunctionType
) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"42\n")
    execution_id = twins.submit(expected_output=ExpectedOutput(b"42\n")).id
    output = twins.runtime.output
    seen: list[object] = []

    def interrupted(name: str, first_run: int = 0) -> Output | None:
        before = row_of(twins, execution_id)
        judges = step is poll if before.state is not State.FINISHED else step is persist
        if judges:
            assert is_judged(execution_id, step.__name__)
            seen.append(step(twins.ports, execution_id))
            assert row_of(twins, execution_id) == before
        return output(name, first_run)

    monkeypatch.setattr(twins.runtime, "output", interrupted)
    Worker(twins.ports).run_all()

    assert seen
    assert not any(seen)
    assert row_of(twins, execution_id).state is State.COMPLETED
    assert not is_judged(execution_id, step.__name__)


def judging(twins: Twins, execution: Execution, step: str) -> AbstractContextManager[bool]:
    return holding.judging(twins.store.executions, twins.clock, execution, step)


def test_one_thread_judges_an_execution_in_a_step(twins: Twins) -> None:
    one, other = twins.submit(), twins.submit()
    with judging(twins, one, "poll") as is_first:
        assert is_first
        with judging(twins, one, "poll") as is_too, judging(twins, other, "poll") as is_other:
            assert not is_too
            assert is_other
        assert is_judged(one.id, "poll")
    assert not is_judged(one.id, "poll")


def test_a_late_duplicate_of_a_poll_does_not_stop_the_next_step(twins: Twins) -> None:
    execution = twins.submit(expected_output=ExpectedOutput(b""))
    worker = Worker(twins.ports)
    twins.runtime.script = lambda _pod: Script()
    with judging(twins, execution, "persist"):
        worker.run_all()
    assert twins.now(execution).state is State.FINISHED
    with judging(twins, execution, "poll"):
        persist(twins.ports, execution.id)
    assert twins.now(execution).state is State.COMPLETED


def test_whoever_fails_leaves_it_to_the_next(twins: Twins) -> None:
    execution = twins.submit()
    with suppress(OSError), judging(twins, execution, "poll"):
        raise OSError
    assert not is_judged(execution.id, "poll")


# Other processes know of it by the row


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All judging takes long."""
    monkeypatch.setattr("app.service.holding.BEAT_SECONDS", 0)


def in_another_process(step: FunctionType, twins: Twins, execution: Execution) -> object:
    """The step, as a process does it that shares nothing but the store."""
    judged = dict(holding._judged)
    holding._judged.clear()
    try:
        return step(twins.ports, execution.id)
    finally:
        holding._judged.update(judged)


@pytest.mark.parametrize("step", [poll, persist])
@pytest.mark.usefixtures("at_once")
def test_another_process_neither_judges_it_nor_counts_a_try(
    twins: Twins, monkeypatch: pytest.MonkeyPatch, step: FunctionType
) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"42\n")
    execution = twins.submit(expected_output=ExpectedOutput(b"42\n"))
    output = twins.runtime.output
    seen: list[object] = []

    def interrupted(name: str, first_run: int = 0) -> Output | None:
        if is_judged(execution.id, step.__name__):
            beat()
            before = twins.now(execution)
            seen.append(in_another_process(step, twins, execution))
            sweep(twins.ports)
            assert twins.now(execution) == before
            assert twins.pipeline.take() is None
        return output(name, first_run)

    monkeypatch.setattr(twins.runtime, "output", interrupted)
    Worker(twins.ports).run_all()

    assert seen
    assert not any(seen)
    assert twins.now(execution).state is State.COMPLETED


@pytest.mark.usefixtures("at_once")
def test_after_a_crash_the_sweep_continues(twins: Twins) -> None:
    twins.runtime.script = lambda _pod: Script()
    execution = twins.submit(expected_output=ExpectedOutput(b""))
    worker = Worker(twins.ports)
    while worker.next_link() != PERSIST:
        worker.run_one()
    with judging(twins, twins.now(execution), "persist"):
        for _ in range(5):
            twins.clock.advance(HOLD_SECONDS - 1)
            beat()
    worker.run_all()
    assert twins.now(execution).state is State.FINISHED
    twins.clock.advance(HOLD_SECONDS)
    sweep(twins.ports)
    worker.run_all()
    assert twins.now(execution).state is State.COMPLETED


def test_short_judging_holds_nothing(twins: Twins) -> None:
    execution = twins.submit()
    with judging(twins, execution, "poll"):
        beat()
        assert twins.now(execution).held_until is None


@pytest.mark.usefixtures("at_once")
def test_a_row_that_has_moved_on_is_not_held(twins: Twins) -> None:
    execution = twins.submit()
    with judging(twins, execution, "poll"):
        cancelled = cancel(twins.ports, execution)
        beat()
        assert twins.now(execution) == cancelled


@pytest.mark.usefixtures("at_once")
def test_the_heart_beats_by_itself_and_survives_a_store_that_is_down(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    held = threading.Semaphore(0)

    class Failing(MemoryExecutions):
        failures: ClassVar = [StoreUnavailable("down"), RuntimeError("a bug")]

        def hold(self, execution: Execution, until: int) -> bool:
            if self.failures:
                raise self.failures.pop(0)
            held.release()
            return super().hold(execution, until)

    executions, execution = Failing(twins.store.tables), twins.submit()
    for _ in range(2):
        with holding.judging(executions, twins.clock, execution, "poll"):
            assert held.acquire(timeout=30)
            assert held.acquire(timeout=30)
    assert "is not held: down" in caplog.text
    assert "the heartbeat failed" in caplog.text
