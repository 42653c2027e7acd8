"""What is old goes; what a user wants gone goes at once."""

from app.domain.errors import Conflict
from app.domain.execution import Execution
from app.ports import Ports
from app.service.transitions import in_seconds


def erase(ports: Ports, execution: Execution) -> None:
    """Forget program and result. The bare row and its events, which hold neither, stay."""
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: cancel it first")
    ports.store.executions.erase(execution.id)


def remove_old(ports: Ports) -> int:
    """One bounded slice: expired idempotency keys; what ended longer ago than the setting."""
    batch = ports.policy.retention_batch
    removed = ports.store.idempotency.remove_expired(ports.clock(), batch)
    if ports.policy.retention_seconds is not None:
        before = in_seconds(ports, -ports.policy.retention_seconds)
        removed += ports.store.executions.remove_ended_before(before, batch)
        removed += ports.store.replays.remove_ended_before(before, batch)
    return removed
