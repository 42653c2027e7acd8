"""Processes are killed with 200 executions in flight, and every promise is kept."""

import signal

import pytest

from tests.faults.load import Load
from tests.support.standalone import Standalone


@pytest.mark.parametrize("part", ["worker", "redis", "sandbox", "api"])
def test_a_part_is_killed(standalone: Standalone, part: str) -> None:
    load = Load(standalone)
    load.wait_for_some(20)
    standalone.kill(part)
    load.assert_whole()


def test_everything_is_killed_at_once(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some(20)
    standalone.kill_everything()
    standalone.up()
    load.assert_whole()


def test_a_worker_that_is_asked_to_stop_wastes_no_attempt(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some(20)
    worker = standalone.child("worker")
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)
    load.assert_whole()
    assert load.attempts() == {1}
