"""The relay: delivers events from the rows to the event log, in order per execution."""

import logging
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import Final

from app.domain.execution import Event
from app.ports import Ports, Refused
from app.service import audit
from app.service.transitions import in_seconds

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Executions whose events one slice delivers."""

BUSY_SECONDS: Final = 5.0
"""How long one tick works on a backlog. With the longest time that a log can take for a slice,
this is within the tick's lease.
"""


def relay(ports: Ports) -> int:
    """Deliver slice after slice while they are full. Returns how many events were delivered.

    If the log refuses an event, that event and the later ones of its execution wait, and each tick
    tries again; other executions continue. Raises EventLogUnavailable.
    """
    until = in_seconds(ports.clock, BUSY_SECONDS)
    refused: dict[str, Refused] = {}
    delivered, full = 0, True
    while full and ports.clock() < until:
        executions, events = _relay_slice(ports, refused)
        delivered += events
        full = executions == BATCH
    if refused:
        _complain(list(refused.values()))
    audit.relay(ports.store.audit, ports.event_log, ports.clock)
    return delivered


def _relay_slice(ports: Ports, refused: dict[str, Refused]) -> tuple[int, int]:
    """Returns the numbers of executions and of events delivered; adds refusals to `refused`.

    A row's mark is raised after its events were delivered, so none is lost. Events that were
    delivered but not marked are delivered again with the same ids.
    """
    # Refused executions have waited longest, and must not fill the slice for ever.
    waiting = ports.store.events_to_relay.waiting(BATCH + len(refused))
    taken = list(islice((row for row in waiting if row[0] not in refused), BATCH))
    if taken:
        with ports.tracing.relay([event for _, events in taken for event in events]) as traced:
            found = ports.event_log.append(traced)
        refused |= {each.event.execution_id: each for each in found}
    delivered = 0
    for execution_id, events in taken:
        done = _before(events, refused.get(execution_id))
        if done:
            ports.store.events_to_relay.mark_relayed(execution_id, done[-1].version)
        delivered += len(done)
    return len(taken), delivered


def _before(events: Sequence[Event], refused: Refused | None) -> Sequence[Event]:
    if refused is None:
        return events
    return list(takewhile(lambda event: event.version < refused.event.version, events))


def _complain(refused: Sequence[Refused]) -> None:
    first = refused[0]
    log.error(
        "the event log refuses events of %d executions, and their later events wait; for example, "
        "%s: %s. They continue once the log accepts them (docs/deployment.md)",
        len(refused),
        first.event.id,
        first.reason,
    )
