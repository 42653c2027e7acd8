"""While an output is judged, the same message again does not judge it a second time."""

from contextlib import suppress
from types import FunctionType

import pytest

from app.domain.execution import Execution, State
from app.domain.report import Output
from app.domain.submission import ExpectedOutput
from app.infrastructure.memory.runtime import Script
from app.service.monitor import poll
from app.service.one_at_a_time import is_judged, judging
from app.service.results import persist
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


def test_one_thread_judges_an_execution_in_a_step() -> None:
    with judging("one", "poll") as is_first:
        assert is_first
        with judging("one", "poll") as is_first_too, judging("other", "poll") as is_other:
            assert not is_first_too
            assert is_other
        assert is_judged("one", "poll")
    assert not is_judged("one", "poll")


def test_a_late_duplicate_of_a_poll_does_not_stop_the_next_step(twins: Twins) -> None:
    execution = twins.submit(expected_output=ExpectedOutput(b""))
    worker = Worker(twins.ports)
    twins.runtime.script = lambda _pod: Script()
    with judging(execution.id, "persist"):
        worker.run_all()
    assert twins.now(execution).state is State.FINISHED
    with judging(execution.id, "poll"):
        persist(twins.ports, execution.id)
    assert twins.now(execution).state is State.COMPLETED


def test_whoever_fails_leaves_it_to_the_next() -> None:
    with suppress(OSError), judging("one", "poll"):
        raise OSError
    assert not is_judged("one", "poll")
