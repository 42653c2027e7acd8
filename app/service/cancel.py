"""Cancel an execution in any state."""

from app.domain.errors import Conflict, NotFound
from app.domain.execution import Execution, State
from app.ports import Ports
from app.service.hosts import host_of
from app.service.transitions import apply, soon, start_chain


def cancel(ports: Ports, execution: Execution) -> Execution:
    """Cancel it; its pod and slot are released soon after. Raises Conflict once it is terminal."""
    while not execution.state.terminal:
        change = execution.cancel(ports.clock(), soon(ports.clock))
        if apply(ports, change):
            host = host_of(ports.fleet, change.after)
            start_chain(ports.pipeline, execution.id, State.CANCELLED, host)
            return change.after
        current = ports.store.executions.get(execution.id)
        if current is None:
            raise NotFound(f"there is no execution {execution.id}")
        execution = current
    raise Conflict(f"execution {execution.id} is already {execution.state}")
