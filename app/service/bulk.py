"""Cancel, retry or delete all executions that match a filter, in bounded slices."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.domain.api_key import ApiKey
from app.domain.errors import Conflict, NotFound
from app.domain.execution import TERMINAL, UNFINISHED, Execution
from app.domain.filters import ExecutionFilter
from app.ports import Ports
from app.service.cancel import cancel
from app.service.capacity import Capacity
from app.service.executions import within_sight
from app.service.rate_limits import CpuDays
from app.service.retention import erase
from app.service.retry import retry
from app.service.submit import check_quota

SLICE: Final = 100
"""Executions that one call changes."""
COUNTED: Final = 1_000
"""The most that are counted."""


class Bulk(StrEnum):
    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDone:
    """What one call has done."""

    done: int = 0
    """Without those that an earlier call changed before it failed."""
    skipped: int = 0
    """Changed by others at the same time."""
    remaining: int
    """How many match afterwards, counted up to `COUNTED`."""


def in_bulk(
    ports: Ports,
    caller: ApiKey,
    action: Bulk,
    filter: ExecutionFilter,
    *,
    dry_run: bool,
    capacity: Capacity | None = None,
    cpu_days: CpuDays | None = None,
) -> BulkDone:
    """Change one slice of those that match and can be changed; in a dry run, only count.

    What was changed doesn't match any more, so repeated calls come to an end; for retries, if the
    filter has a time until which executions were submitted. Raises Forbidden, and for retries
    QuotaExceeded and CpuDayUsedUp.
    """
    filter = _changeable(action, within_sight(caller, filter))
    executions = ports.store.executions
    if dry_run:
        return BulkDone(remaining=executions.count(filter, COUNTED))
    found = executions.page(filter, None, SLICE)
    if action is Bulk.RETRY:
        check_quota(ports, caller, capacity, cpu_days, len(found))
    done = [_done(ports, action, execution) for execution in found].count(True)
    remaining = executions.count(filter, COUNTED)
    return BulkDone(done=done, skipped=len(found) - done, remaining=remaining)


def _changeable(action: Bulk, filter: ExecutionFilter) -> ExecutionFilter:
    match action:
        case Bulk.CANCEL:
            return replace(filter, states=UNFINISHED)
        case Bulk.RETRY:
            return replace(filter, states=TERMINAL, unretried=True)
        case Bulk.DELETE:
            return replace(filter, states=TERMINAL)


def _done(ports: Ports, action: Bulk, execution: Execution) -> bool:
    change: Callable[[], object] = {
        Bulk.CANCEL: lambda: cancel(ports, execution),
        Bulk.RETRY: lambda: retry(ports, execution),
        Bulk.DELETE: lambda: erase(ports.store.executions, ports.blobs, execution),
    }[action]
    try:
        change()
    except (Conflict, NotFound):
        return False
    return True
