"""While an output is judged, the same message again does not judge it a second time."""

from collections.abc import Callable
from contextlib import suppress

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
    twins: Twins, monkeypatch: pytest.MonkeyPatch, step: Callable[..., object]
) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"42\n")
    execution_id = twins.submit(expected_output=ExpectedOutput(b"42\n")).id
    output = twins.runtime.output
    seen: list[object] = []

    def interrupted(name: str, first_run: int = 0) -> Output | None:
        before = row_of(twins, execution_id)
        judges = step is poll if before.state is not State.FINISHED else step is persist
        if judges:
            assert is_judged(execution_id)
            seen.append(step(twins.ports, execution_id))
            assert row_of(twins, execution_id) == before
        return output(name, first_run)

    monkeypatch.setattr(twins.runtime, "output", interrupted)
    Worker(twins.ports).run_all()

    assert seen
    assert not any(seen)
    assert row_of(twins, execution_id).state is State.COMPLETED
    assert not is_judged(execution_id)


def test_one_thread_judges_an_execution() -> None:
    with judging("one") as is_first:
        assert is_first
        with judging("one") as is_first_too, judging("other") as is_first_of_other:
            assert not is_first_too
            assert is_first_of_other
        assert is_judged("one")
    assert not is_judged("one")


def test_whoever_fails_leaves_it_to_the_next() -> None:
    with suppress(OSError), judging("one"):
        raise OSError
    assert not is_judged("one")
