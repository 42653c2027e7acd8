"""What every use case does after a change of state: wake, count, continue, back off."""

import logging
import random

import pytest

from app.domain.execution import SECOND, State
from app.service import transitions
from app.service.transitions import apply, back_off, start_chain
from tests.support.builders import NOW
from tests.support.twins import Twins


def ended(twins: Twins) -> list[str]:
    lines = twins.ports.metrics.exposition().decode().splitlines()
    return [line for line in lines if line.startswith("podline_executions_ended_total{")]


def test_a_change_wakes_whoever_waits_for_the_execution(twins: Twins) -> None:
    execution = twins.submit()
    listen = twins.ports.wakeups.listen
    with listen(execution.id, progress=True) as follower, listen(execution.id) as waiter:
        admitted = execution.admit(NOW, NOW)
        assert apply(twins.ports, admitted)
        assert follower.wait(0)
        assert not waiter.wait(0), "it waits for the end"
        assert ended(twins) == []
        assert apply(twins.ports, admitted.after.cancel(NOW, NOW))
        assert follower.wait(0)
        assert waiter.wait(0)


def test_a_change_of_an_outdated_row_changes_and_wakes_nothing(twins: Twins) -> None:
    execution = twins.submit()
    assert apply(twins.ports, execution.admit(NOW, NOW))
    with twins.ports.wakeups.listen(execution.id, progress=True) as listener:
        assert apply(twins.ports, execution.cancel(NOW, NOW)) is False
        assert not listener.wait(0)
    assert twins.now(execution).state is State.ADMITTED
    assert ended(twins) == []


def test_an_execution_that_ends_is_counted(twins: Twins) -> None:
    assert apply(twins.ports, twins.submit().cancel(NOW, NOW))
    assert len(ended(twins)) == 1
    assert 'state="cancelled"' in ended(twins)[0]


def test_without_a_broker_the_chain_is_left_to_the_sweep(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    twins.pipeline.unavailable = True
    start_chain(twins.ports.pipeline, "01J", State.QUEUED)
    assert [each.levelno for each in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    ("times", "seconds"), [(1, 3), (2, 6), (3, 12), (4, 24), (5, 40), (30, 40), (10_000, 40)]
)
def test_the_back_off_doubles_up_to_its_maximum(
    monkeypatch: pytest.MonkeyPatch, times: int, seconds: float
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    assert back_off(3, times, 40) == seconds


def test_the_back_off_is_up_to_a_fifth_shorter_or_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", uniform)
    assert back_off(10, 1, 40) == 12
    assert asked == [(0.8, 1.2)]


def test_moments_are_whole_microseconds(twins: Twins) -> None:
    assert transitions.in_seconds(twins.ports.clock, 1.5) == NOW + 3 * SECOND // 2
    assert transitions.soon(twins.ports.clock) == NOW + 10 * SECOND
