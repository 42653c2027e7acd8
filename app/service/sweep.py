"""The sweep mends whatever was forgotten: by a broker, by a worker that died, by a lost Redis.

Each part takes a bounded slice, so that a tick never starves the pipeline.
"""

import logging
from collections.abc import Iterator
from itertools import islice

from app.domain.errors import RuntimeUnavailable
from app.domain.execution import HOLDS_SLOT, SECOND, TERMINAL, Execution, State, Time, owner_of_pod
from app.ports import Ports, QueueEntry
from app.service.admission import entry_of, fill_slots
from app.service.saga import owns_pod
from app.service.transitions import go_on, in_seconds

log = logging.getLogger(__name__)

REBUILD_PAGE = 1000
_IN_THE_PIPELINE = HOLDS_SLOT | TERMINAL


def sweep(ports: Ports) -> None:
    """One tick, in the order in which each part needs the one before."""
    if not ports.admission.ready():
        rebuild_admission(ports)
    restart_chains(ports)
    check_queue(ports)
    free_lost_slots(ports)
    fill_slots(ports)
    remove_orphans(ports)


def rebuild_admission(ports: Ports) -> None:
    """After a loss of Redis: queue and slots anew from the database, then admission goes on."""
    log.warning("the admission queue was lost: rebuilding it from the database")
    ports.admission.clear()
    now = ports.clock()
    for entry in _entries(ports, HOLDS_SLOT):
        ports.admission.hold(entry, now)
    waiting = _entries(ports, frozenset({State.QUEUED}))
    while page := list(islice(waiting, REBUILD_PAGE)):
        ports.admission.enter(page)
    ports.admission.mark_ready()


def restart_chains(ports: Ports) -> None:
    """Rows whose step said nothing in time: their chain was lost, or is slow; both are harmless."""
    due = ports.store.claim_due(
        _IN_THE_PIPELINE,
        ports.clock(),
        ports.policy.sweep_batch,
        lambda row: _later(ports, row, ports.policy.step_timeout),
    )
    for execution in due:
        go_on(ports, execution.id, execution.state)


def check_queue(ports: Ports) -> None:
    """Queued rows are no messages: only their place in the queue is checked, or made anew."""
    due = ports.store.claim_due(
        frozenset({State.QUEUED}),
        ports.clock(),
        ports.policy.sweep_batch,
        lambda row: _later(ports, row, ports.policy.queue_check_interval),
    )
    present = ports.admission.contains([execution.id for execution in due])
    missing = [row for row, there in zip(due, present, strict=True) if not there]
    ports.admission.enter([entry_of(execution) for execution in missing])


def free_lost_slots(ports: Ports) -> None:
    """Slots of executions that hold none by the database. Young ones may be on their way."""
    before = in_seconds(ports, -ports.policy.slot_grace)
    old = ports.admission.slots(before, ports.policy.sweep_batch)
    states = ports.store.states_of(old)
    for execution_id in old:
        state, _ = states.get(execution_id, (None, 0))
        if state is None or not state.holds_slot:
            ports.admission.leave(execution_id)


def remove_orphans(ports: Ports) -> None:
    """Pods that no execution owns.

    Pods are listed first and rows read after, so a pod made in between has a row that says so.
    """
    try:
        names = ports.runtime.list_pods()
        for name in names:
            if not _has_owner(ports, name):
                log.warning("removing the orphan pod %s", name)
                ports.runtime.delete(name)
    except RuntimeUnavailable as error:
        log.warning("no look at orphan pods: %s", error)


def _has_owner(ports: Ports, name: str) -> bool:
    try:
        execution_id, attempt = owner_of_pod(name)
    except ValueError:
        return False
    execution = ports.store.get(execution_id)
    if owns_pod(execution, attempt):
        return True
    # A terminal row that is not settled yet removes its own pod.
    return (
        execution is not None
        and execution.state.terminal
        and execution.attempt == attempt
        and execution.next_action_at is not None
    )


def _later(ports: Ports, row: Execution, base: float) -> Time:
    """Back-off by age: the longer a row has waited, the more rarely it is looked at."""
    since = row.completed_at or row.admitted_at or row.created_at
    waited = (ports.clock() - since) / SECOND
    return in_seconds(ports, min(max(base, waited / 2), 10 * base))


def _entries(ports: Ports, states: frozenset[State]) -> Iterator[QueueEntry]:
    after = ""
    while page := ports.store.in_states(states, after, REBUILD_PAGE):
        for execution_id, owner, priority, _, created_at, _ in page:
            yield QueueEntry(execution_id, owner, priority, created_at)
        after = page[-1][0]
