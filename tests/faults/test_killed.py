"""Processes are killed with many executions in flight, and every promise is kept."""

import signal

import pytest

from tests.faults.load import FOR_LONG, HOW_MANY, Load
from tests.support.standalone import Standalone

IN_FLIGHT = pytest.mark.parametrize(
    "how_many", [HOW_MANY, pytest.param(FOR_LONG, marks=pytest.mark.long)]
)


@IN_FLIGHT
@pytest.mark.parametrize("part", ["worker", "redis", "sandbox", "api"])
def test_a_part_is_killed(standalone: Standalone, part: str, how_many: int) -> None:
    load = Load(standalone, how_many)
    load.wait_for_some()
    standalone.kill(part)
    load.assert_whole()


@IN_FLIGHT
def test_everything_is_killed_at_once(standalone: Standalone, how_many: int) -> None:
    load = Load(standalone, how_many)
    load.wait_for_some()
    standalone.kill_everything()
    standalone.up()
    load.assert_whole()


def test_a_worker_that_is_asked_to_stop_wastes_no_attempt(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some()
    worker = standalone.child("worker")
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)
    load.assert_whole()
    assert load.attempts() == {1}
