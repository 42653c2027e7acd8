"""What owners have used, by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.domain.api_key import ApiKey
from app.domain.errors import Forbidden
from app.domain.execution import Execution
from app.domain.usage import UsageDay, day_for, day_of
from app.ports import Clock, UsageRecords
from app.service.executions import ALL_OWNERS, may_see
from app.service.transitions import in_seconds

SLICE: Final = 500
"""Executions that are folded together."""
BUSY_SECONDS: Final = 4.0
"""How long one tick works on a backlog. This is less than the time between two ticks."""


@dataclass(frozen=True, slots=True)
class DayTotal:
    """The usage of an owner on one day."""

    day: str
    owner: str
    executions: int
    cpu_us: int
    stored_bytes: int


def fold(usage: UsageRecords) -> int:
    """Fold one slice of executions that have ended into their days. Returns how many.

    A process can be killed anywhere here, and several can fold at once: each execution is counted
    exactly once. The record of a day names the executions that it has counted last, until their
    rows say so too, and no other fold of that day can begin before that.
    """
    unfolded = usage.unfolded(SLICE)
    for day, executions in _by_day(unfolded):
        _fold(usage, day, executions)
    return len(unfolded)


def fold_backlog(usage: UsageRecords, clock: Clock) -> None:
    """Fold slice after slice while they are full, for a bounded time."""
    until = in_seconds(clock, BUSY_SECONDS)
    while fold(usage) == SLICE and clock() < until:
        pass


def _fold(usage: UsageRecords, empty: UsageDay, executions: Sequence[Execution]) -> None:
    day = usage.day(empty)
    usage.mark_folded(day.folding)
    # Read after the record: if its version is still the same below, nobody has folded since.
    still = usage.still_unfolded([execution.id for execution in executions])
    folded = day.folded([execution for execution in executions if execution.id in still])
    if folded.folding and usage.put(day, folded):
        usage.mark_folded(folded.folding)


def _by_day(executions: Sequence[Execution]) -> Iterator[tuple[UsageDay, Sequence[Execution]]]:
    def identity(execution: Execution) -> tuple[str, str, str]:
        return day_for(execution).identity

    for _, group in groupby(sorted(executions, key=identity), key=identity):
        of_day = list(group)
        yield day_for(of_day[0]), of_day


def today(clock: Clock) -> str:
    return day_of(clock())


def by_day(
    usage: UsageRecords, caller: ApiKey, owner: str | None, first: str, last: str
) -> Sequence[DayTotal]:
    """The days from the first to the last on which the owner used something.

    `ALL_OWNERS` has a total for each day and owner. Raises Forbidden.
    """
    of = owner or caller.name
    if not may_see(caller, of):
        raise Forbidden("the usage of another owner needs a key with the role operator")
    days = usage.days(None if of == ALL_OWNERS else of, first, last)
    grouped = groupby(days, key=lambda each: (each.day, each.owner))
    return [_total(day, of, list(keys)) for (day, of), keys in grouped]


def _total(day: str, owner: str, of_keys: Sequence[UsageDay]) -> DayTotal:
    return DayTotal(
        day,
        owner,
        sum(each.executions for each in of_keys),
        sum(each.cpu_us for each in of_keys),
        sum(each.stored_bytes for each in of_keys),
    )
