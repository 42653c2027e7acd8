"""Removes what is old, and erases what a user deletes."""

from app.domain.errors import Conflict
from app.domain.execution import Execution
from app.ports import Ports
from app.service.transitions import in_seconds


def erase(ports: Ports, execution: Execution) -> None:
    """Erase program and result. The row and its events, which have neither, stay."""
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: cancel it first")
    ports.store.executions.erase(execution.id)


def remove_old(ports: Ports) -> int:
    """Remove one bounded slice of expired idempotency keys, old executions and old replays."""
    batch = ports.policy.retention_batch
    removed = ports.store.idempotency.remove_expired(ports.clock(), batch)
    if ports.policy.retention_seconds is not None:
        before = in_seconds(ports, -ports.policy.retention_seconds)
        removed += ports.store.executions.remove_ended_before(before, batch)
        removed += ports.store.replays.remove_ended_before(before, batch)
    return removed
