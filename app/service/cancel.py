"""Cancel an execution in any state."""

import logging

from app.domain.errors import Conflict, CoordinationUnavailable, NotFound
from app.domain.execution import Execution, State
from app.ports import Ports
from app.service.hosts import elsewhere
from app.service.transitions import apply, soon, start_chain

log = logging.getLogger(__name__)


def cancel(ports: Ports, execution: Execution) -> Execution:
    """Cancel it; its pod and slot are released soon after. Raises Conflict once it is terminal."""
    while not execution.state.terminal:
        change = execution.cancel(ports.clock(), soon(ports.clock))
        if apply(ports, change):
            _start_clean_up(ports, change.after)
            return change.after
        current = ports.store.executions.get(execution.id)
        if current is None:
            raise NotFound(f"there is no execution {execution.id}")
        execution = current
    raise Conflict(f"execution {execution.id} is already {execution.state}")


def _start_clean_up(ports: Ports, execution: Execution) -> None:
    """On the host that has its pod, or anywhere if that is gone."""
    try:
        host = elsewhere(ports.fleet, execution)
    except CoordinationUnavailable as error:
        log.warning("execution %s waits for the sweep: %s", execution.id, error)
    else:
        start_chain(ports.pipeline, execution.id, State.CANCELLED, host)
