"""What every step and every tick does."""

import logging
import time
from dataclasses import replace

import pytest

from app.domain.errors import RuntimeUnavailable, StoreUnavailable
from app.infrastructure.memory.leases import MemoryLeases
from app.ports import Lease, Ports
from app.service.steps import TICK_LEASE_SECONDS, Step, run_step, run_tick
from tests.support.twins import Twins, make_twins

STEP = "podline.pods.create"
TICK = "podline.saga.sweep"


class Unexpected(Exception):
    """An error that no step is to hide."""


def run(twins: Twins, step: Step) -> bool:
    return run_step(lambda: twins.ports, STEP, step, "01J")


def tick(twins: Twins, error: Exception | None = None) -> list[Ports]:
    """Run a tick that raises `error`, if any. Returns what it was called with."""
    calls: list[Ports] = []

    def act(ports: Ports) -> None:
        calls.append(ports)
        if error:
            raise error

    run_tick(lambda: twins.ports, TICK, act)
    return calls


def acquire(twins: Twins, seconds: float = 60) -> Lease | None:
    return twins.ports.leases.acquire(TICK, seconds)


def recorded(twins: Twins, metric: str) -> float | None:
    """The sum or count of the histogram of seconds, None if nothing was recorded."""
    lines = twins.ports.metrics.exposition().decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(metric)), None)


@pytest.mark.parametrize(("returned", "continues"), [(True, True), (False, False), (None, False)])
def test_a_step_says_whether_its_chain_continues(
    twins: Twins, returned: bool | None, continues: bool
) -> None:
    assert run(twins, lambda _ports, _id: returned) is continues


def test_a_step_gets_the_ports_and_the_id(twins: Twins) -> None:
    assert run(twins, lambda ports, id: (ports, id) == (twins.ports, "01J"))


def test_a_step_whose_dependency_is_unavailable_ends_its_chain(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_ports: Ports, _id: str) -> bool:
        raise StoreUnavailable("no database")

    assert run(twins, fail) is False
    assert [(each.levelno, each.message) for each in caplog.records] == [
        (logging.WARNING, f"{STEP} of 01J is left to the sweep: no database")
    ]


def no_ports() -> Ports:
    raise StoreUnavailable("no database")


def test_a_step_without_a_database_ends_its_chain() -> None:
    assert run_step(no_ports, STEP, lambda _ports, _id: True, "01J") is False


def test_an_unexpected_error_of_a_step_is_raised(twins: Twins) -> None:
    def fail(_ports: Ports, _id: str) -> bool:
        raise Unexpected

    with pytest.raises(Unexpected):
        run(twins, fail)
    assert recorded(twins, 'podline_step_seconds_count{step="pods.create"}') == 1


def test_the_time_of_a_step_is_recorded(twins: Twins) -> None:
    run(twins, lambda _ports, _id: time.sleep(0.002))
    assert recorded(twins, 'podline_step_seconds_count{step="pods.create"}') == 1
    seconds = recorded(twins, 'podline_step_seconds_sum{step="pods.create"}')
    assert seconds is not None
    assert 0.002 <= seconds < 10


def test_a_tick_runs_and_gives_its_lease_back(twins: Twins) -> None:
    assert tick(twins) == [twins.ports]
    assert recorded(twins, 'podline_step_seconds_count{step="saga.sweep"}') == 1
    assert acquire(twins)


def test_a_tick_is_left_out_while_another_worker_runs_it(twins: Twins) -> None:
    held = acquire(twins)
    assert held
    assert tick(twins) == []
    held.release()
    assert tick(twins)


def test_no_other_worker_runs_a_tick_meanwhile(twins: Twins) -> None:
    run_tick(lambda: twins.ports, TICK, lambda _: tick(twins) == [] or pytest.fail("it ran twice"))


def test_a_tick_holds_up_the_next_one_for_no_longer_than_its_lease() -> None:
    moment = 0.0
    leases = MemoryLeases(lambda: moment)
    ports = replace(make_twins().ports, leases=leases)

    def hang(_: Ports) -> None:
        nonlocal moment
        moment += TICK_LEASE_SECONDS - 0.1
        assert leases.acquire(TICK, 60) is None
        moment += 0.1
        assert leases.acquire(TICK, 60)

    run_tick(lambda: ports, TICK, hang)
    assert moment == 20


def test_a_tick_whose_dependency_is_unavailable_is_left_to_the_next_one(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    assert tick(twins, RuntimeUnavailable("no sandbox"))
    assert acquire(twins)
    assert [(each.levelno, each.message) for each in caplog.records] == [
        (logging.WARNING, f"{TICK} is left to the next tick: no sandbox")
    ]
    run_tick(no_ports, TICK, lambda _: None)


def test_an_unexpected_error_of_a_tick_is_raised_and_its_lease_given_back(twins: Twins) -> None:
    with pytest.raises(Unexpected):
        tick(twins, Unexpected())
    assert acquire(twins)
