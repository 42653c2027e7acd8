"""Waiting for an execution: woken by its changes, and never for longer than asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import pytest

from app.domain.errors import KeyDeleted, NotFound, StoreUnavailable
from app.domain.execution import Execution, State
from app.infrastructure.memory.executions import MemoryExecutions
from app.service.waiting import wait_for_end
from tests.support.builders import NOW, accepted
from tests.support.twins import Twins
from tests.support.waiting import is_quick


@dataclass(slots=True)
class Script:
    """Wake-ups where each wait makes the next step happen."""

    steps: list[Callable[[], object]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def notify(self, execution_id: str, *, progress: bool = False) -> None:
        raise NotImplementedError

    @contextmanager
    def listen(self, execution_id: str, *, progress: bool = False) -> Iterator["Script"]:
        assert execution_id
        assert not progress, "only the end matters"
        yield self

    def wait(self, timeout_seconds: float) -> bool:
        self.waits.append(timeout_seconds)
        self.steps.pop(0)()
        return True


def queued(twins: Twins) -> Execution:
    execution, submission, event = accepted()
    twins.store.executions.insert(execution, submission, event)
    return execution


def test_it_ends_at_the_first_wake_up_after_which_it_is_done(twins: Twins) -> None:
    execution = queued(twins)
    admitted = execution.admit(NOW, NOW)
    cancelled = admitted.after.cancel(NOW, NOW)
    script = Script(
        [
            lambda: twins.store.executions.apply(admitted),
            lambda: twins.store.executions.apply(cancelled),
            pytest.fail,
        ]
    )
    assert wait_for_end(twins.store.executions, script, execution.id, 30) == cancelled.after
    assert len(script.waits) == 2


def test_a_lost_wake_up_costs_five_seconds(twins: Twins) -> None:
    execution = queued(twins)
    script = Script([lambda: twins.store.executions.apply(execution.cancel(NOW, NOW))])
    wait_for_end(twins.store.executions, script, execution.id, 30)
    assert script.waits == [5.0]


def test_it_ends_after_the_time_that_was_given(twins: Twins) -> None:
    execution = queued(twins)

    def wait() -> None:
        begun = monotonic()
        store, wakeups = twins.store.executions, twins.ports.wakeups
        assert wait_for_end(store, wakeups, execution.id, 0.05) == execution
        assert monotonic() - begun >= 0.05

    assert is_quick(wait, seconds=2)


def test_it_continues_while_the_store_is_unavailable(twins: Twins) -> None:
    execution = queued(twins)
    twins.store.executions.apply(execution.cancel(NOW, NOW))
    store = twins.store
    answers: Iterator[Execution | None] = iter([execution, None])

    class Shaky(MemoryExecutions):
        def get(self, execution_id: str) -> Execution | None:
            if (answer := next(answers, super().get(execution_id))) is None:
                raise StoreUnavailable("down")
            return answer

    script = Script([lambda: None, lambda: None])
    store.executions = Shaky(store.tables)
    found = wait_for_end(twins.store.executions, script, execution.id, 30)
    assert found.state is State.CANCELLED


def test_there_is_nothing_to_wait_for_where_there_is_no_execution(twins: Twins) -> None:
    with pytest.raises(NotFound):
        wait_for_end(twins.store.executions, twins.ports.wakeups, "none", 30)


def test_it_ends_once_the_key_is_gone(twins: Twins) -> None:
    execution = queued(twins)
    script = Script([lambda: None, lambda: None, pytest.fail])
    answers = iter([True, False])

    with pytest.raises(KeyDeleted):
        wait_for_end(twins.store.executions, script, execution.id, 30, allowed=answers.__next__)


def test_it_ends_once_nobody_wants_it(twins: Twins) -> None:
    execution = queued(twins)
    script = Script([lambda: None, pytest.fail])
    answers = iter([True, False])

    found = wait_for_end(twins.store.executions, script, execution.id, 30, wanted=answers.__next__)

    assert found == execution
