"""Processes are killed with many executions in flight, and every promise is kept."""

import signal

import pytest

from app.domain.execution import Execution as Row
from podline.submission import Checker, Test
from tests.faults.load import FOR_LONG, HOW_MANY, Load
from tests.support.standalone import Standalone
from tests.support.waiting import wait_until

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


SLOW: Checker = {"language": "bash", "source": "sleep 0.5"}
"""A checker that is killed while it runs. Each test has one of its own (conftest.py)."""


@pytest.mark.parametrize("part", ["worker", pytest.param("sandbox", marks=pytest.mark.long)])
def test_a_part_is_killed_while_checkers_run(standalone: Standalone, part: str) -> None:
    client, runtime = standalone.client(), standalone.runtime()
    load = Load(standalone, how_many=0)
    tests: list[Test] = [{"stdin": "1"}, {"stdin": "2"}]
    for _ in range(2):
        execution = client.submit("cat; echo", language="bash", tests=tests, checker=SLOW)
        load.expect(execution.id, "1\n2\n")
    wait_until(lambda: any(name.endswith("-c2") for name in runtime.list_pods()), within=30)
    standalone.kill(part)
    load.assert_whole()
    assert part == "sandbox" or load.attempts() == {1}


@pytest.mark.long
def test_a_worker_is_killed_while_it_compares(standalone: Standalone) -> None:
    """It holds the row, and another one judges once the hold has ended."""
    client, store = standalone.client(), standalone.store()
    tests: list[Test] = [{}] * 4
    execution = client.submit(
        "yes 0.12345678901234567 | head -c 4000000",
        language="bash",
        limits={"output_kib": 4096},
        tests=tests,
        expected_output="0.12345678901234568\n" * 200_000,
        compare={"numbers": {"absolute": 1e-9, "relative": 0}},
        keep_output="none",
    )

    def row() -> Row:
        found = store.executions.get(execution.id)
        assert found is not None
        return found

    wait_until(lambda: row().held_until is not None, within=60, or_fail=row)
    standalone.kill("worker")
    held_until = row().held_until
    assert held_until is not None
    assert row().outcome is None
    ended = client.wait(execution.id, timeout=180)

    assert (ended.outcome, ended.attempt) == ("success", 1)
    assert ended.result
    assert ended.result.tests
    assert [test.outcome for test in ended.result.tests] == ["success"] * len(tests)
    (judged,) = (
        event.time for event in store.executions.events(execution.id) if "finished" in event.type
    )
    assert judged > held_until
    wait_until(lambda: row().next_action_at is None, or_fail=row)
    assert standalone.runtime().list_pods() == []
