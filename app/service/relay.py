"""The relay: what happened goes from the rows into the event log, in order per execution."""

from typing import Final

from app.ports import Ports
from app.service.transitions import in_seconds

BUSY_SECONDS: Final = 5.0
"""A backlog is worked on for so long, and then by the next tick. With the longest that a log may
take for a slice, this is still within the lease of a tick.
"""


def relay(ports: Ports) -> int:
    """Slice after slice while they are full. How many events were delivered.

    Raises EventLogUnavailable.
    """
    until = in_seconds(ports, BUSY_SECONDS)
    delivered, full = 0, True
    while full and ports.clock() < until:
        executions, events = _relay_slice(ports)
        delivered += events
        full = executions == ports.policy.relay_batch
    return delivered


def _relay_slice(ports: Ports) -> tuple[int, int]:
    """How many executions, and how many events of them.

    A row's mark is raised after its events were delivered, so none is lost; what was delivered
    and not marked is delivered again under the same event ids.
    """
    waiting = ports.store.unrelayed(ports.policy.relay_batch)
    if waiting:
        ports.event_log.append([event for _, events in waiting for event in events])
    for execution_id, events in waiting:
        ports.store.relayed(execution_id, events[-1].version)
    return len(waiting), sum(len(events) for _, events in waiting)
