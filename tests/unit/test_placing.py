"""An attempt's pod is made once and in one place, whoever is killed, and whoever else makes it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.domain.execution import Execution, State
from app.domain.pod import Pod
from app.ports import Ports
from app.service.cancel import cancel
from app.service.pods import create_pod
from app.service.saga import compensate
from app.service.sweep import remove_orphans, start_ahead
from tests.contracts.rows import started
from tests.support.builders import a_submission
from tests.support.twins import Twins, make_twins, wrapped
from tests.support.worker import Worker

FREE = ["pod/ahead-0", "pod/ahead-1"]
CALLS = 8
"""More than creating a pod makes when one place was taken."""


@pytest.fixture
def twins() -> Twins:
    return with_pool()


def with_pool(size: int | None = 2) -> Twins:
    twins = make_twins()
    twins.runtime.pool_size = size
    twins.runtime.tend()
    return twins


def test_a_pod_that_was_started_ahead_becomes_the_attempts(twins: Twins) -> None:
    execution = twins.submit()
    Worker(twins.ports).run_all()

    row = twins.now(execution)
    assert (row.state, row.place) == (State.COMPLETED, FREE[0])
    assert twins.runtime.ahead == {FREE[0]: row.pod, FREE[1]: None}
    assert twins.runtime.list_pods() == []


def test_without_any_pool_the_row_has_no_place() -> None:
    twins = with_pool(None)
    execution = started(twins.store)

    assert create_pod(twins.ports, execution.id)
    assert twins.now(execution).place is None


def test_an_empty_pool_means_a_new_pod() -> None:
    """The row says so, because the pool may be filled before another creator looks."""
    twins = with_pool(0)
    execution = started(twins.store)
    assert create_pod(twins.ports, execution.id)
    twins.runtime.pool_size = 1
    twins.runtime.tend()
    assert create_pod(twins.ports, execution.id)

    assert twins.now(execution).place == execution.pod
    assert twins.runtime.created == [execution.pod]
    assert list(twins.runtime.ahead.values()) == [None]


def test_a_place_that_was_taken_is_left_to_the_other(twins: Twins) -> None:
    other = Pod.of("other-1", a_submission())
    execution = started(twins.store)
    assert twins.store.executions.put_place(execution, FREE[0])
    twins.runtime.claim(other, FREE[0])
    assert create_pod(twins.ports, execution.id)

    assert twins.runtime.ahead == {FREE[0]: "other-1", FREE[1]: execution.pod}
    assert twins.now(execution).place == FREE[1]


@pytest.mark.parametrize("has_effect", [False, True])
@pytest.mark.parametrize("calls", range(1, CALLS))
@pytest.mark.parametrize("is_taken", [False, True])
def test_a_creator_that_is_killed_at_any_call_leaves_one_pod(
    twins: Twins, calls: int, *, has_effect: bool, is_taken: bool
) -> None:
    execution = started(twins.store)
    if is_taken:
        twins.store.executions.put_place(execution, FREE[0])
        twins.runtime.claim(Pod.of("other-1", a_submission()), FREE[0])
    with pytest.raises((Killed, AssertionError)):
        assert not create_pod(mortal(twins, calls, has_effect=has_effect), execution.id)
    assert create_pod(twins.ports, execution.id)

    assert_made_once(twins, execution)


@pytest.mark.parametrize("has_effect", [False, True])
@pytest.mark.parametrize("calls", range(1, CALLS))
def test_and_none_once_nobody_needs_it(twins: Twins, calls: int, *, has_effect: bool) -> None:
    execution = started(twins.store)
    with pytest.raises((Killed, AssertionError)):
        assert not create_pod(mortal(twins, calls, has_effect=has_effect), execution.id)
    cancel(twins.ports, twins.now(execution))
    compensate(twins.ports, execution.id)
    remove_orphans(twins.ports)

    assert twins.runtime.list_pods() == []
    assert execution.pod not in list(twins.runtime.ahead.values())[1:]


@pytest.mark.parametrize("call", range(1, CALLS))
@pytest.mark.parametrize("size", [0, 1, 2])
def test_two_creators_make_one_pod(call: int, size: int) -> None:
    twins = with_pool(size)
    execution = started(twins.store)

    create_pod(
        interrupted(twins, call, lambda: create_pod(twins.ports, execution.id)), execution.id
    )

    assert_made_once(twins, execution)


def test_a_pool_that_can_not_be_kept_ends_no_sweep(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    twins.runtime.unavailable = True
    start_ahead(twins.runtime)

    assert "nothing is started ahead" in caplog.text


def assert_made_once(twins: Twins, execution: Execution) -> None:
    assert twins.runtime.created.count(execution.pod) == 1
    row = twins.now(execution)
    claimed = [place for place, owner in twins.runtime.ahead.items() if owner == execution.pod]
    assert claimed in ([row.place], [])
    assert claimed or row.place == execution.pod


class Killed(BaseException):
    """Raised where a SIGKILL would end the process."""


Hook = Callable[[Callable[[], Any]], Any]
"""Is given each call of the runtime and the store, to make it or not."""


class Hooked:
    def __init__(self, twin: object, hook: Hook) -> None:
        self._twin = twin
        self._hook = hook

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._twin, name)
        return lambda *args, **kwargs: self._hook(partial(call, *args, **kwargs))


def hooked(twins: Twins, hook: Hook) -> Ports:
    store = wrapped(twins.store, partial(Hooked, hook=hook))
    return replace(twins.ports, store=store, runtime=Hooked(twins.runtime, hook))


def at(number: int, act: Hook) -> Hook:
    """Act at the call of that number, from 1."""
    calls = iter(range(1, 1000))
    return lambda call: act(call) if next(calls) == number else call()


def mortal(twins: Twins, calls: int, *, has_effect: bool) -> Ports:
    """The ports of a process that is killed at its last call."""

    def kill(call: Callable[[], Any]) -> None:
        if has_effect:
            call()
        raise Killed

    return hooked(twins, at(calls, kill))


def interrupted(twins: Twins, call: int, other: Callable[[], object]) -> Ports:
    """The ports of a process before whose call somebody else does something."""

    def first(call: Callable[[], Any]) -> Any:
        other()
        return call()

    return hooked(twins, at(call, first))
