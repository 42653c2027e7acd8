"""The relay: what happened goes from the rows into the event log, in order per execution."""

from app.ports import Ports


def relay(ports: Ports) -> int:
    """One bounded slice. How many events were delivered. Raises EventLogUnavailable.

    A row's mark is raised after its events were delivered, so none is lost; what was delivered
    and not marked is delivered again under the same event ids.
    """
    waiting = ports.store.unrelayed(ports.policy.relay_batch)
    if not waiting:
        return 0
    ports.event_log.append([event for _, events in waiting for event in events])
    for execution_id, events in waiting:
        ports.store.relayed(execution_id, events[-1].version)
    return sum(len(events) for _, events in waiting)
