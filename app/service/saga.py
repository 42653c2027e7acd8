"""The orchestrator: starts and ends attempts, and cleans up after them."""

import logging
from typing import Final

from app.domain.execution import HAS_POD, TRANSITIONS, Execution, State
from app.domain.fault import Fault
from app.ports import Ports, Runtime
from app.service import dead_letters
from app.service.admission import release
from app.service.giving_back import is_still
from app.service.groups import left_to_a_group
from app.service.hosts import elsewhere, is_here
from app.service.retention import remove_lost_attempts
from app.service.transitions import apply, back_off, in_seconds, soon, start_chain

log = logging.getLogger(__name__)

MAX_TRIES: Final = 8
"""Of one step, between two transitions. Duplicated messages count too."""
BACK_OFF_SECONDS: Final = 2.0
"""Before the second attempt; doubled for each further one."""
MAX_BACK_OFF_SECONDS: Final = 60.0


def start_attempt(ports: Ports, execution_id: str) -> bool:
    """Fix the attempt, its pod's name and its start deadline. True if the chain continues."""
    execution = begin(ports, execution_id, frozenset({State.ADMITTED}), "start")
    if execution is None:
        return False
    started = execution.start(
        ports.clock(),
        next_action_at=soon(ports.clock),
        start_deadline=in_seconds(ports.clock, ports.policy.start_timeout),
    )
    if not apply(ports, started):
        return False
    ports.metrics.attempt_started()
    return not left_to_a_group(ports, started.after)


def begin(
    ports: Ports,
    execution_id: str,
    states: frozenset[State],
    step: str,
    *,
    at: str | None = None,
    places: bool = False,
) -> Execution | None:
    """Count a try of the step, and return the row; None if the step has nothing to do.

    A step that needs the runtime says with `at` on which host, if there are several; the one that
    `places` an attempt decides it.

    After too many tries, because the step kills its worker for example, end the attempt instead.
    """
    execution = ports.store.executions.begin(
        execution_id, states, step, ports.clock(), soon(ports.clock), at=at, places=places
    )
    if execution is None:
        return None
    ports.tracing.about(execution)
    if execution.tries.get(step, 0) > MAX_TRIES:
        why = f"step {step} did not succeed in {MAX_TRIES} tries"
        end_attempt(ports, execution, Fault.TRIES, why)
        return None
    return execution


def end_attempt(
    ports: Ports, execution: Execution, fault: Fault, why: str | None = None, *, final: bool = False
) -> None:
    """End an attempt because of a fault: queue another one, or fail; then clean up.

    `why` says more than the fault's own text.
    """
    reason = why or fault.text
    now = ports.clock()
    may_try_again = State.QUEUED in TRANSITIONS[execution.state] and not final
    if may_try_again and execution.attempt < ports.policy.max_attempts:
        pause = back_off(BACK_OFF_SECONDS, execution.attempt, MAX_BACK_OFF_SECONDS)
        change = execution.requeue(now, in_seconds(ports.clock, pause), reason)
    else:
        change = execution.fail(now, soon(ports.clock), reason)
    if apply(ports, change):
        ports.metrics.attempt_ended(fault)
        log.warning("attempt %d of %s ended: %s", execution.attempt, execution.id, reason)
        clean_up(ports, change.after)


def compensate(ports: Ports, execution_id: str) -> None:
    """Clean up after a terminal execution, or leave it to the host that has its pod."""
    execution = ports.store.executions.get(execution_id)
    if execution is None or not execution.state.terminal or execution.next_action_at is None:
        return
    ports.tracing.about(execution)
    if (host := elsewhere(ports.fleet, execution)) is not None:
        start_chain(ports.pipeline, execution.id, execution.state, host)
    else:
        clean_up(ports, execution)


def clean_up(ports: Ports, execution: Execution) -> None:
    """After any end of an attempt: record a dead letter, delete the pod, release the slot, settle.

    Every part can be repeated. If one fails, a terminal row stays due for the sweep. If the row
    was queued again, the sweep finds its lost slot and its orphan pod. So does the host that has
    the pod if this process does not reach it.
    """
    if execution.state is State.FAILED:
        dead_letters.record_exhausted(ports.store.dead_letters, ports.clock, execution)
    elif execution.state is State.COMPLETED and execution.retry_of is not None:
        dead_letters.resolve_exhausted(ports.store.dead_letters, execution)
    if execution.attempt > 0 and is_here(ports.fleet, execution.place):
        ports.runtime.delete(execution.pod)
        if execution.has_checker:
            _delete_checkers(ports.runtime, execution)
    if execution.state.terminal:
        release(ports, execution.id)
        remove_lost_attempts(ports.store, ports.blobs, execution)
        ports.store.executions.settle(execution)
    elif is_still(ports.store.executions, execution):
        release(ports, execution.id)


def _delete_checkers(runtime: Runtime, execution: Execution) -> None:
    """Delete the last one first: whoever continues after a kill finds the others."""
    last = 1
    while runtime.observe(execution.checker_pod(last + 1)) is not None:
        last += 1
    for number in range(last, 0, -1):
        runtime.delete(execution.checker_pod(number))


def owns_pod(execution: Execution | None, attempt: int) -> bool:
    """Whether the execution still needs that attempt's pod."""
    return (
        execution is not None
        and execution.state in HAS_POD
        and execution.attempt == attempt
        and execution.rebuilt_at is None
    )
