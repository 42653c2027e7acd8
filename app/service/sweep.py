"""The sweep continues what a broker, a dead worker or a queue without its data forgot.

Each part takes a bounded slice, so that a tick never starves the pipeline.
"""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Final

from app.domain.errors import RuntimeUnavailable
from app.domain.execution import (
    HAS_POD,
    HOLDS_SLOT,
    SECOND,
    TERMINAL,
    Execution,
    State,
    Time,
    owner_of_pod,
)
from app.domain.fault import Fault
from app.domain.hosts import queues_of_all
from app.domain.minutes import QUEUED, minute_of
from app.domain.sighting import Finding, Found
from app.ports import AdmissionQueue, Clock, Hosts, MinuteCounters, Ports, QueueEntry, Runtime
from app.service.admission import enter_again, entry_of, fill_slots
from app.service.batches import complete_due
from app.service.groups import forget_group, leave_to_hosts, regroup
from app.service.hosts import elsewhere, host_of, is_here, note_database
from app.service.saga import end_attempt, owns_pod
from app.service.transitions import STEP_SECONDS, in_seconds, start_chain

log = logging.getLogger(__name__)

BATCH: Final = 200
"""Rows of each kind that one tick takes."""
QUEUE_CHECK_BATCH: Final = 2_000
"""Larger, because it makes no messages: Redis is asked once for all of them."""
QUEUE_CHECK_SECONDS: Final = 30.0
"""Between two checks that a queued execution is in the queue."""
SLOT_GRACE_SECONDS: Final = 30.0
"""A slot younger than this is not compared with the database."""
REBUILD_PAGE: Final = 1000
_SHORT: Final = frozenset({State.ADMITTED, State.FINISHED})
"""States whose steps report at once. A pod may take long to start, and runs as long as it runs."""
QUEUES_LEASE: Final = "sweep.queues"
QUEUES_SECONDS: Final = 60.0
"""Between two searches for queues of hosts that are gone."""
QUEUE_GRACE_SECONDS: Final = 30.0
"""A queue that has younger messages only may be that of a host that has just come."""
ORPHAN_SECONDS: Final = 5.0
"""A cluster takes seconds to end a pod, and the parts after this one need their turn."""


def sweep(ports: Ports) -> None:
    """One tick. Parts that release something come first, so that no other part can stop them."""
    if not ports.admission.ready():
        ports.admission.upgrade()
        rebuild_admission(ports)
    free_lost_slots(ports)
    fill_slots(ports)
    if ports.fleet is None:  # Otherwise each host's watcher does it.
        remove_orphans(ports)
    else:
        end_lost_attempts(ports, ports.fleet.hosts)
        regroup(ports, ports.fleet)
    restart_chains(ports)
    complete_due(ports)
    clean_up_ended(ports)
    check_queue(ports)
    note_queue(ports.admission, ports.minutes, ports.clock)
    if ports.fleet is not None:
        remove_lost_queues(ports, ports.fleet.hosts)
    start_ahead(ports.runtime)


def report(ports: Ports, found: Found, count: int) -> None:
    """Report what should not have been there, for health and metrics."""
    if count:
        ports.metrics.swept(found, count)
        ports.findings.put(Finding(name=found, seen_at=ports.clock(), count=count))


def note_queue(queue: AdmissionQueue, minutes: MinuteCounters, clock: Clock) -> None:
    """Note the length of the queue for the overview."""
    minutes.note(minute_of(clock()), QUEUED, queue.length())


def start_ahead(runtime: Runtime) -> None:
    """Keep what the runtime starts ahead of its attempts, last because it continues none."""
    try:
        runtime.tend()
    except RuntimeUnavailable as error:
        log.warning("nothing is started ahead: %s", error)


def rebuild_admission(ports: Ports) -> None:
    """Rebuild a lost queue and its slots from the database; then admission continues."""
    if ports.fleet is not None:
        note_database(ports.store, ports.fleet.hosts)
    ports.admission.clear()
    now = ports.clock()
    count = 0
    for entry in _entries(ports, HOLDS_SLOT):
        ports.admission.hold(entry, now)
        count += 1
    waiting = _entries(ports, frozenset({State.QUEUED}))
    while page := list(islice(waiting, REBUILD_PAGE)):
        ports.admission.enter(page)
        count += len(page)
    ports.admission.mark_ready()
    # A Redis that was just started has no queue either, and nobody has lost anything.
    level = logging.WARNING if count else logging.INFO
    log.log(level, "Redis had no admission queue: it was rebuilt with %d executions", count)


def restart_chains(ports: Ports) -> None:
    """Restart the chain of each row whose step has been silent: it was lost, or is only slow.

    A row whose slot the queue has lost gets it back, above the cap if necessary: it runs anyway.
    """
    due = _claim(ports, HOLDS_SLOT, BATCH, STEP_SECONDS)
    if ports.fleet is not None:
        ports.fleet.hosts.expect({row.place for row in due if row.place and row.state in HAS_POD})
    report(ports, Found.SILENT_STEP, sum(row.state in _SHORT for row in due))
    present = ports.admission.contains([execution.id for execution in due])
    for execution, there in zip(due, present, strict=True):
        ports.tracing.continued(execution)
        if not there:
            ports.admission.hold(entry_of(execution), ports.clock())
        host = host_of(ports.fleet, execution)
        if ports.fleet is not None and host is None and execution.state is State.STARTING:
            leave_to_hosts(ports, ports.fleet, execution)
        else:
            start_chain(ports.pipeline, execution.id, execution.state, host)


def end_lost_attempts(ports: Ports, hosts: Hosts) -> None:
    """End the attempts of hosts that are gone, which run again elsewhere; then forget the hosts."""
    lost = hosts.lost()
    report(ports, Found.LOST_HOST, len(lost))
    for name, group in lost.items():
        attempts = ports.store.executions.placed(name, BATCH)
        for execution in attempts:
            end_attempt(ports, execution, Fault.HOST_GONE, f"the host {name} is gone")
        if len(attempts) < BATCH:
            ports.pipeline.forget_host(name)
            hosts.remove(name)
            if group is not None:
                forget_group(ports.pipeline, hosts, group)


def remove_lost_queues(ports: Ports, hosts: Hosts) -> None:
    """Remove the queues of hosts and groups that are gone, now and then.

    Whoever has not noticed yet that one is gone publishes to it once more. The rows are due.
    """
    if ports.leases.acquire(QUEUES_LEASE, QUEUES_SECONDS) is None:  # It is never released.
        return
    before = in_seconds(ports.clock, -QUEUE_GRACE_SECONDS)
    removed = ports.pipeline.forget_others(queues_of_all(hosts.sizes()), before)
    if removed:
        log.warning("removed queues of hosts that are gone: %d", removed)


def clean_up_ended(ports: Ports) -> None:
    """Clean up after terminal rows whose pod or slot may still exist."""
    left = _claim(ports, TERMINAL, BATCH, STEP_SECONDS)
    report(ports, Found.NOT_CLEANED_UP, len(left))
    for execution in left:
        ports.tracing.continued(execution)
        host = elsewhere(ports.fleet, execution)
        start_chain(ports.pipeline, execution.id, execution.state, host)


def check_queue(ports: Ports) -> None:
    """Check that queued rows are in the queue, and enter those that are missing."""
    due = _claim(ports, frozenset({State.QUEUED}), QUEUE_CHECK_BATCH, QUEUE_CHECK_SECONDS)
    present = ports.admission.contains([execution.id for execution in due])
    missing = [row for row, there in zip(due, present, strict=True) if not there]
    ports.admission.enter([entry_of(execution) for execution in missing])
    # A row that waits for its next attempt is entered here.
    report(ports, Found.NOT_IN_QUEUE, sum(row.attempt == 0 for row in missing))
    for execution in missing:
        ports.tracing.continued(execution)
    if missing:
        fill_slots(ports)


def free_lost_slots(ports: Ports) -> None:
    """Release slots of executions that hold none in the database, unless the slots are young."""
    before = in_seconds(ports.clock, -SLOT_GRACE_SECONDS)
    old = ports.admission.slots(before, BATCH)
    states = ports.store.executions.states_of(old)
    lost = 0
    for execution_id in old:
        state, _ = states.get(execution_id, (None, 0))
        if state is None or not state.holds_slot:
            lost += 1
            ports.admission.leave(execution_id, ports.clock())
        if state is State.QUEUED:
            enter_again(ports.store.executions, ports.admission, execution_id)
    report(ports, Found.LOST_SLOT, lost)


def remove_orphans(ports: Ports) -> None:
    """Delete pods that no execution owns.

    Pods are listed before rows are read, so a pod that is created in between has its row.
    """
    try:
        names = ports.runtime.list_pods()
        until = in_seconds(ports.clock, ORPHAN_SECONDS)
        for name in names:
            if ports.clock() > until:
                return
            if not _has_owner(ports, name):
                log.warning("deleting the orphan pod %s", name)
                ports.runtime.delete(name)
                report(ports, Found.ORPHAN_POD, 1)
    except RuntimeUnavailable as error:
        log.warning("could not search for orphan pods: %s", error)


def _has_owner(ports: Ports, name: str) -> bool:
    try:
        execution_id, attempt = owner_of_pod(name)
    except ValueError:
        return False
    execution = ports.store.executions.get(execution_id)
    if execution is not None and not is_here(ports.fleet, execution.place):
        return False
    if owns_pod(execution, attempt):
        return True
    # The clean-up of a terminal row that is not settled yet deletes its pod.
    return (
        execution is not None
        and execution.state.terminal
        and execution.attempt == attempt
        and execution.next_action_at is not None
    )


def _claim(ports: Ports, states: frozenset[State], batch: int, interval: float) -> list[Execution]:
    """Claim due rows. They are due again after `interval` seconds, or later if they are old."""
    return ports.store.executions.claim_due(
        states, ports.clock(), batch, lambda row: _next_look(ports, row, interval)
    )


def _next_look(ports: Ports, row: Execution, interval: float) -> Time:
    """Back-off by age, except for a row that waits for its next attempt, whose turn is near."""
    if row.state is State.QUEUED and row.attempt > 0:
        return in_seconds(ports.clock, interval)
    since = row.ended_at or row.admitted_at or row.created_at
    age = (ports.clock() - since) / SECOND
    return in_seconds(ports.clock, min(max(interval, age / 2), 10 * interval))


def _entries(ports: Ports, states: frozenset[State]) -> Iterator[QueueEntry]:
    after = ""
    while page := ports.store.executions.in_states(states, after, REBUILD_PAGE):
        yield from page
        after = page[-1].execution_id
