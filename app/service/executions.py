"""Executions as their owners see them. Operators see those of all owners."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.domain.api_key import ApiKey, Role
from app.domain.errors import CoordinationUnavailable, Forbidden, NotFound
from app.domain.execution import Event, Execution, State
from app.domain.filters import ExecutionFilter
from app.domain.result import Result
from app.domain.submission import Submission
from app.ports import AdmissionQueue, Blobs, Executions, Results
from app.service.printed import completed

ALL_OWNERS: Final = "*"
"""No owner has this name."""


@dataclass(frozen=True, slots=True)
class Details:
    """An execution with what is stored beside its row."""

    execution: Execution
    result: Result | None
    queue_position: int | None
    """None unless it is queued, and while the queue is unavailable."""


def find(executions: Executions, caller: ApiKey, execution_id: str) -> Execution:
    """Raises NotFound, also for an execution that the caller may not see, or that was erased."""
    execution = find_row(executions, caller, execution_id)
    if execution.erased:
        raise _not_found(execution_id)
    return execution


def find_row(executions: Executions, caller: ApiKey, execution_id: str) -> Execution:
    """Also one that was erased. Raises NotFound."""
    execution = executions.get(execution_id)
    if execution is None or not may_see(caller, execution.owner):
        raise _not_found(execution_id)
    return execution


def newest(
    executions: Executions,
    caller: ApiKey,
    filter: ExecutionFilter,
    after: str | None,
    limit: int,
) -> Sequence[Execution]:
    """Newest first, of the caller unless the filter names another owner. Raises Forbidden."""
    return executions.page(within_sight(caller, filter), after, limit)


def count(executions: Executions, caller: ApiKey, filter: ExecutionFilter, at_most: int) -> int:
    """How many `newest` would return, up to that number. Raises Forbidden."""
    return executions.count(within_sight(caller, filter), at_most)


def within_sight(caller: ApiKey, filter: ExecutionFilter) -> ExecutionFilter:
    """The filter for the caller's own executions, unless it names another owner, or all.

    Raises Forbidden.
    """
    owner = filter.owner or caller.name
    if not may_see(caller, owner):
        raise Forbidden("executions of another owner need a key with the role operator")
    return replace(filter, owner=None if owner == ALL_OWNERS else owner)


def submission(executions: Executions, caller: ApiKey, execution_id: str) -> Submission:
    """The program and its options. Raises NotFound, also for one that was rebuilt without it."""
    found = executions.submission(find(executions, caller, execution_id).id)
    if found is None:
        raise NotFound(f"the program of execution {execution_id} is not stored")
    return found


def result(executions: Executions, results: Results, caller: ApiKey, execution_id: str) -> Result:
    """Raises NotFound, also while there is no result."""
    execution = find(executions, caller, execution_id)
    found = stored_result(results, execution)
    if found is None:
        raise NotFound(f"execution {execution_id} is {execution.state} and has no result")
    return found


def stored_result(results: Results, execution: Execution) -> Result | None:
    """The result as it is stored, with the beginning of what was printed."""
    return results.get(execution.result_id) if execution.result_id else None


def events(executions: Executions, caller: ApiKey, execution_id: str) -> Sequence[Event]:
    """Oldest first. Raises NotFound as `find` does."""
    return executions.events(find(executions, caller, execution_id).id)


def details(results: Results, blobs: Blobs, queue: AdmissionQueue, execution: Execution) -> Details:
    """Raises StoreUnavailable."""
    result = stored_result(results, execution)
    shown = result and completed(blobs, result)
    return Details(execution, shown, _queue_position(queue, execution))


def _not_found(execution_id: str) -> NotFound:
    return NotFound(f"there is no execution {execution_id}")


def may_see(caller: ApiKey, owner: str) -> bool:
    return owner == caller.name or caller.role.includes(Role.OPERATOR)


def _queue_position(queue: AdmissionQueue, execution: Execution) -> int | None:
    if execution.state is not State.QUEUED:
        return None
    try:
        return queue.queue_position(execution.id)
    except CoordinationUnavailable:
        return None
