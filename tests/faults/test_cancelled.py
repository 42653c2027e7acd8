"""Executions cancelled at any moment leave no pod, slot or result."""

import random

from app.domain.execution import State
from podline import Conflict
from podline.submission import Checker
from tests.faults.load import Load
from tests.support.standalone import Standalone
from tests.support.waiting import wait_until


def test_cancelled_at_whatever_moment_nothing_is_left(standalone: Standalone) -> None:
    load = Load(standalone, seconds=0.4)
    client = standalone.client()
    cancelled = set()
    for execution_id in random.Random(1).sample(sorted(load.expected), k=len(load.expected) // 2):
        try:
            client.cancel(execution_id)
            cancelled.add(execution_id)
        except Conflict:
            assert client.get(execution_id).state == "completed"
    load.forget(cancelled)
    load.assert_whole()
    assert cancelled, "some were still under way"
    store = standalone.store()
    for execution_id in cancelled:
        row = store.executions.get(execution_id)
        assert row is not None
        assert (row.state, row.result_id, row.next_action_at) == (State.CANCELLED, None, None)


def test_a_program_that_runs_is_cancelled(standalone: Standalone) -> None:
    client = standalone.client()
    execution = client.submit(
        "import time; time.sleep(60)", language="python", limits={"wall_seconds": 60}
    )
    wait_until(lambda: client.get(execution.id).state == "running")
    client.cancel(execution.id)
    wait_until(lambda: standalone.runtime().list_pods() == [])
    wait_until(lambda: standalone.admission().slots_used() == 0)
    assert client.get(execution.id).result is None


def test_a_checker_that_runs_is_cancelled(standalone: Standalone) -> None:
    client, runtime = standalone.client(), standalone.runtime()
    checker: Checker = {"language": "bash", "source": "[ `cat output` = 1 ] || sleep 10"}
    execution = client.submit(
        "cat", language="bash", tests=[{"stdin": "1"}, {"stdin": "2"}], checker=checker
    )
    second = f"{execution.id.lower()}-1-c2"
    wait_until(lambda: second in runtime.list_pods(), or_fail=runtime.list_pods)
    wait_until(lambda: client.get(execution.id).state == "running")
    client.cancel(execution.id)
    wait_until(lambda: runtime.list_pods() == [], or_fail=runtime.list_pods)
    wait_until(lambda: standalone.admission().slots_used() == 0)
    assert client.get(execution.id).result is None
