"""Messages are lost, delayed or doubled with executions in flight, and nothing else is."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import FAST, SOON
from tests.faults.load import Load
from tests.support.constants import MESSAGES_TWICE, STEPS_APART, in_processes
from tests.support.standalone import Standalone, running


def test_redis_forgets_everything(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some()
    standalone.redis().flushall()
    load.assert_whole()


def test_with_redis_away_submissions_are_accepted_and_run_later(standalone: Standalone) -> None:
    redis = standalone.child("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        with standalone.client(retries=0) as client:
            accepted = [client.submit("print(1)", language="python") for _ in range(5)]
    finally:
        redis.send_signal(signal.SIGCONT)
    client = standalone.client()
    assert {client.wait(e.id, timeout=60).state for e in accepted} == {"completed"}


def test_two_beats_do_no_harm(standalone: Standalone) -> None:
    command = [sys.executable, "-m", "celery", "-A", "tasks", "beat"]
    second = subprocess.Popen(command, env=standalone.child("beat").environ())
    try:
        load = Load(standalone)
        load.assert_whole()
        assert load.attempts() == {1}
    finally:
        second.terminate()
        second.wait()


@pytest.mark.long
def test_every_message_comes_twice(tmp_path: Path) -> None:
    """As in tests/integration/test_two_of_every_role.py, in `podline up`."""
    with running(
        Standalone(tmp_path, FAST | in_processes(**SOON, **STEPS_APART) | MESSAGES_TWICE)
    ) as standalone:
        load = Load(standalone, how_many=40)
        load.assert_whole()
        assert load.attempts() == {1}
