"""A process that has seen a pod's end stores it without asking the runtime again."""

from collections import Counter
from dataclasses import replace

import pytest

from app.domain.artifact import Collected
from app.domain.chain import PERSIST
from app.domain.execution import Execution, State
from app.domain.report import Observation, Output, Phase, StageOutput
from app.infrastructure.memory.runtime import MemoryRuntime, Script
from app.infrastructure.seen_ends import MOST, MOST_BYTES, SeenEndsInMemory
from tests.support.builders import NOW, an_execution
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

PRINTED = StageOutput(stdout=b"42\n", stderr=b"")
LARGE = Output(compile=None, runs=(StageOutput(stdout=b"x" * MOST_BYTES, stderr=b"x"),))


class Telling(MemoryRuntime):
    """Gives the output with the end, and counts what it is asked."""

    asked: Counter[str]

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        self.asked["observe"] += 1
        found = super().observe(name, wait_seconds)
        return found and replace(found, output=super().output(name))

    def output(self, name: str, first_run: int = 0) -> None:  # noqa: ARG002  # all is refused
        raise AssertionError(f"{name}: its output has been given already")


@pytest.fixture
def twins() -> Twins:
    runtime = Telling(lambda _pod: Script(prints=b"42\n"))
    runtime.asked = Counter()
    return make_twins(runtime=runtime)


def finished(twins: Twins) -> tuple[Worker, Execution]:
    execution, worker = twins.submit(), Worker(twins.ports)
    while worker.next_link() != PERSIST:
        worker.run_one()
    assert isinstance(twins.runtime, Telling)
    twins.runtime.asked.clear()
    return worker, twins.now(execution)


def stored(twins: Twins, execution: Execution) -> StageOutput | None:
    row = twins.now(execution)
    assert row.state is State.COMPLETED
    result = twins.store.results.get(row.result_id or "")
    assert result
    return result.output.run


@pytest.mark.parametrize(("was_seen", "asks"), [(True, 0), (False, 1)])
def test_it_is_stored_as_it_was_seen(twins: Twins, *, was_seen: bool, asks: int) -> None:
    """Another process asks once, and gets the output with the answer."""
    worker, execution = finished(twins)
    if not was_seen:
        assert twins.ports.seen_ends.take(execution)
    worker.run_all()
    assert stored(twins, execution) == PRINTED
    assert isinstance(twins.runtime, Telling)
    assert twins.runtime.asked["observe"] == asks


def test_a_pod_that_was_created_again_meanwhile_does_not_matter(twins: Twins) -> None:
    worker, execution = finished(twins)
    twins.runtime.delete(execution.pod)
    worker.run_all()
    assert stored(twins, execution) == PRINTED


def an_end(execution: Execution, **facts: object) -> Observation:
    known: dict[str, object] = {
        "name": execution.pod,
        "phase": Phase.ENDED,
        "ended_at": execution.finished_at,
        "output": Output(compile=None, runs=(PRINTED,)),
    }
    return Observation(**known | facts)  # type: ignore[arg-type]  # names that a test gives


def test_it_is_taken_once() -> None:
    ends = SeenEndsInMemory()
    execution = an_execution(finished_at=NOW)
    ends.remember(an_end(execution))
    assert ends.take(execution) == an_end(execution)
    assert ends.take(execution) is None


@pytest.mark.parametrize(
    "facts",
    [{"output": None}, {"output": LARGE}, {"collected": Collected()}, {"ended_at": NOW + 1}],
)
def test_what_is_incomplete_or_large_or_of_another_run_is_not(facts: dict[str, object]) -> None:
    ends = SeenEndsInMemory()
    execution = an_execution(finished_at=NOW)
    ends.remember(an_end(execution, **facts))
    assert ends.take(execution) is None


def test_only_the_latest_are_kept() -> None:
    ends = SeenEndsInMemory()
    executions = [an_execution(finished_at=NOW) for _ in range(MOST + 1)]
    for execution in executions:
        ends.remember(an_end(execution))
    taken = [ends.take(execution) is not None for execution in executions]
    assert taken == [False] + [True] * MOST
