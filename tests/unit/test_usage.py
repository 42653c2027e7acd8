"""Usage is counted once, whatever is killed and whoever else folds."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.api_key import Role
from app.domain.errors import Forbidden
from app.domain.execution import SECOND, Execution
from app.infrastructure.memory.runtime import Script
from app.service.cancel import cancel
from app.service.retry import retry
from app.service.submit import submit
from app.service.usage import DayTotal, by_day, fold
from tests.support.builders import a_key, a_report, a_submission
from tests.support.twins import Twins
from tests.support.worker import Worker

TODAY = "2026-01-02"
CPU_US = 250_000
KEY = a_key(name="ada")


class Killed(BaseException):
    """What SIGKILL is to a process."""


class Interrupted:
    """The records. Before call number `at`, something happens."""

    def __init__(self, records: object, at: int, happens: Callable[[], None]) -> None:
        self._records = records
        self._at = at
        self._happens = happens
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._records, name)

        def call(*arguments: Any) -> Any:
            self.calls += 1
            if self.calls == self._at:
                self._happens()
            return method(*arguments)

        return call


def run(twins: Twins, count: int = 1, **facts: Any) -> list[Execution]:
    twins.runtime.script = lambda _: Script(prints=b"12345", ends=a_report(cpu_us=CPU_US))
    rows = [submit(twins.ports, KEY, a_submission(**facts)) for _ in range(count)]
    Worker(twins.ports).run_all()
    return [twins.now(row) for row in rows]


def used(twins: Twins) -> list[DayTotal]:
    while fold(twins.store.usage):
        pass
    return list(by_day(twins.store.usage, KEY, None, "2026-01-01", "2026-12-31"))


def kill() -> None:
    raise Killed


@pytest.mark.parametrize("call", range(1, 12))
def test_a_fold_that_is_killed_is_continued(twins: Twins, call: int) -> None:
    run(twins, 3)
    fold(twins.store.usage)
    run(twins, 4)
    records: Any = Interrupted(twins.store.usage, call, kill)
    try:
        fold(records)
    except Killed:
        run(twins, 1)
        expected = 8
    else:
        expected = 7
    assert used(twins) == [DayTotal(TODAY, "ada", expected, expected * CPU_US, expected * 5)]


@pytest.mark.parametrize("call", range(1, 12))
def test_another_fold_in_between_counts_nothing_twice(twins: Twins, call: int) -> None:
    def meanwhile() -> None:
        run(twins, 2)
        fold(twins.store.usage)
        run(twins, 1)
        fold(twins.store.usage)

    run(twins, 3)
    records: Any = Interrupted(twins.store.usage, call, meanwhile)
    fold(records)
    expected = 6 if records.calls >= call else 3
    assert used(twins) == [DayTotal(TODAY, "ada", expected, expected * CPU_US, expected * 5)]


@pytest.mark.parametrize("call", range(1, 6))
def test_another_fold_that_is_killed_in_between_counts_nothing_twice(
    twins: Twins, call: int
) -> None:
    def meanwhile() -> None:
        run(twins, 2)
        with pytest.raises(Killed):
            fold(Interrupted(twins.store.usage, 5, kill))

    run(twins, 3)
    records: Any = Interrupted(twins.store.usage, call, meanwhile)
    fold(records)
    assert used(twins) == [DayTotal(TODAY, "ada", 5, 5 * CPU_US, 25)]


def test_retries_and_cancelled_executions_count(twins: Twins) -> None:
    (row,) = run(twins)
    retry(twins.ports, row)
    Worker(twins.ports).run_all()
    cancelled = submit(twins.ports, KEY, a_submission())
    cancel(twins.ports, cancelled)
    assert used(twins) == [DayTotal(TODAY, "ada", 3, 2 * CPU_US, 10)]
    key_ids = {day.key_id for day in twins.store.usage.days("ada", TODAY, TODAY)}
    assert key_ids == {KEY.id}


def test_a_cancelled_program_counts_for_as_long_as_it_ran(twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    row = submit(twins.ports, KEY, a_submission())
    Worker(twins.ports).run_all()
    twins.clock.advance(9)
    cancel(twins.ports, twins.now(row))
    assert used(twins)[0].cpu_us == 9 * SECOND


def test_an_attempt_that_ended_by_a_fault_costs_nothing(twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    row = submit(twins.ports, KEY, a_submission())
    Worker(twins.ports).run_all()
    twins.clock.advance(9)
    twins.runtime.fault(twins.now(row).pod)
    twins.runtime.script = lambda _: Script(ends=a_report(cpu_us=CPU_US))
    twins.pipeline.start(row.id, twins.now(row).state)
    Worker(twins.ports).run_all()
    twins.clock.advance(6)
    twins.pipeline.start(row.id, twins.now(row).state)
    Worker(twins.ports).run_all()
    assert twins.now(row).attempt == 2
    assert used(twins)[0].cpu_us == CPU_US


def test_without_a_measurement_wall_time_counts(twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(ends=a_report(cpu_us=None, wall_us=77))
    submit(twins.ports, KEY, a_submission())
    Worker(twins.ports).run_all()
    assert used(twins)[0].cpu_us == 77


def test_keys_of_an_owner_are_added_up(twins: Twins) -> None:
    for key in (KEY, a_key(name="ada"), a_key(name="bob")):
        submit(twins.ports, key, a_submission())
    Worker(twins.ports).run_all()
    assert used(twins)[0].executions == 2


def test_another_owner_s_usage_is_for_operators(twins: Twins) -> None:
    run(twins)
    fold(twins.store.usage)
    operator = a_key(name="otto", role=Role.OPERATOR)
    (day,) = by_day(twins.store.usage, operator, "ada", TODAY, TODAY)
    assert day.executions == 1
    assert by_day(twins.store.usage, operator, None, TODAY, TODAY) == []
    with pytest.raises(Forbidden):
        by_day(twins.store.usage, a_key(name="bob"), "ada", TODAY, TODAY)
