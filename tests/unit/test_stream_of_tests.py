"""The stream says how each test ended while others run, once, and never its verdict."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import pytest

from app.domain.execution import Execution
from app.domain.report import Limit
from app.domain.submission import ExpectedOutput, SubmittedTest
from app.infrastructure.memory.runtime import Script, exited
from app.service.monitor import feed_live_output
from app.service.stream import stream
from app.service.stream_items import EndOfTest, Item, Printed, StreamPosition
from tests.support.twins import Twins
from tests.support.worker import Worker

TESTS = tuple(
    SubmittedTest(name=str(number), expected_output=ExpectedOutput(b"x")) for number in range(3)
)


def running(twins: Twins, worker: Worker) -> Execution:
    twins.runtime.script = lambda _: Script(ends=None, prints=b"never streamed")
    execution = twins.submit(tests=TESTS)
    worker.run_all()
    twins.ports.live.watch(execution.id)
    return execution


def end_tests(twins: Twins, execution: Execution, count: int) -> None:
    run = exited().run
    assert run
    for number in range(count):
        ended = replace(run, wall_us=number, stopped_by=Limit.WALL if number else None)
        twins.runtime.end_run(f"{execution.id.lower()}-1", ended)


def items(
    twins: Twins, execution: Execution, position: StreamPosition, count: int | None = None
) -> Sequence[Item]:
    return list(islice(stream(twins.ports, execution, position), count))


def ended(found: Sequence[Item]) -> list[int]:
    return [item.index for item in found if isinstance(item, EndOfTest)]


def test_ends_are_sent_while_other_tests_run(twins: Twins, worker: Worker) -> None:
    execution = running(twins, worker)
    end_tests(twins, execution, 2)
    assert feed_live_output(twins.ports)
    assert feed_live_output(twins.ports)
    found = items(twins, execution, StreamPosition(), 6)
    assert ended(found) == [0, 1]
    last = found[-1]
    assert isinstance(last, EndOfTest)
    assert last.report
    assert (last.report.wall_us, last.report.stopped_by) == (1, "wall_seconds")
    assert str(last.position) == "4-1-0-0-0-2"


@pytest.mark.parametrize("fed", [0, 1, 2, 3])
@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_each_end_is_sent_once_whatever_was_seen(
    twins: Twins, worker: Worker, fed: int, seen: int
) -> None:
    execution = running(twins, worker)
    end_tests(twins, execution, fed)
    feed_live_output(twins.ports)
    end_tests(twins, execution, 3 - fed)
    worker.run_all()
    twins.ports.pipeline.start(execution.id, execution.state.RUNNING)
    worker.run_all()
    position = StreamPosition(version=4, attempt=1, tests=seen)
    found = items(twins, execution, position)
    assert ended(found) == list(range(seen, 3))
    assert not any(isinstance(item, Printed) for item in found)


def test_a_test_that_was_skipped_has_no_report(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=exited(1))
    execution = twins.submit(tests=TESTS, stop_on_failure=True)
    worker.run_all()
    found = items(twins, execution, StreamPosition())
    reports = [item.report for item in found if isinstance(item, EndOfTest)]
    assert [report is None for report in reports] == [False, True, True]


def test_a_position_with_tests_is_read_again() -> None:
    position = StreamPosition(version=4, attempt=1, tests=7)
    assert StreamPosition.parse(str(position)) == position
    assert str(replace(position, tests=0)) == "4-1-0-0-0"
    with pytest.raises(ValueError, match="not a position"):
        StreamPosition.parse("4-1-0-0-0-7-8")
