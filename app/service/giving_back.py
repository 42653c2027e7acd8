"""An attempt that waits for room gives its slot back, and no attempt is spent."""

import logging

from app.domain.execution import Execution
from app.domain.fault import Fault
from app.ports import Executions, Ports
from app.service.admission import entry_of, fill_slots
from app.service.hosts import is_here
from app.service.transitions import apply, soon

log = logging.getLogger(__name__)


def give_back(ports: Ports, execution: Execution, why: str) -> None:
    """Give back the slot of an attempt for whose pod there is no room, and queue it again.

    Its place in the queue is the one it had, and no attempt is spent. If a part fails, the sweep
    finds the lost slot and the orphan pod.
    """
    change = execution.give_back(ports.clock(), soon(ports.clock), why)
    if not apply(ports, change):
        return
    ports.metrics.attempt_ended(Fault.NO_ROOM)
    log.info("%s waits for room: %s", execution.id, why)
    if is_here(ports.fleet, execution.place):
        ports.runtime.delete(execution.pod)
    if is_still(ports.store.executions, change.after):
        ports.admission.leave(execution.id, ports.clock())
        ports.admission.enter([entry_of(change.after)])
        fill_slots(ports)


def is_still(executions: Executions, execution: Execution) -> bool:
    """Deleting can take long; meanwhile, the slot may have become the next attempt's."""
    current = executions.get(execution.id)
    return current is not None and current.version == execution.version
