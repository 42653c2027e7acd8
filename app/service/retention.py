"""Removes what is old, and erases what a user deletes."""

from typing import Final

from app.domain.errors import Conflict
from app.domain.execution import Execution
from app.ports import Executions, Ports
from app.service.transitions import in_seconds

BATCH: Final = 500
"""Rows of each kind that one tick removes."""


def erase(executions: Executions, execution: Execution) -> None:
    """Erase program and result. The row and its events, which have neither, stay."""
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: cancel it first")
    executions.erase(execution.id)


def remove_old(ports: Ports) -> int:
    """Remove one bounded slice of expired idempotency keys, old executions and old replays."""
    removed = ports.store.idempotency.remove_expired(ports.clock(), BATCH)
    if ports.policy.retention_seconds is not None:
        before = in_seconds(ports.clock, -ports.policy.retention_seconds)
        removed += ports.store.executions.remove_ended_before(before, BATCH)
        removed += ports.store.batches.remove_created_before(before, BATCH)
        removed += ports.store.replays.remove_ended_before(before, BATCH)
    return removed
