"""The orchestrator: attempts begin and end here, and what an ended one leaves is cleared away."""

import logging

from app.domain.execution import HAS_POD, TRANSITIONS, Execution, State
from app.ports import Ports
from app.service import dead_letters
from app.service.admission import release
from app.service.transitions import apply, back_off, in_seconds, soon

log = logging.getLogger(__name__)


def start_attempt(ports: Ports, execution_id: str) -> bool:
    """Fix the attempt, the name of its pod and its start deadline. True if the chain goes on."""
    execution = begin(ports, execution_id, frozenset({State.ADMITTED}), "start")
    if execution is None:
        return False
    return apply(
        ports,
        execution.start(
            ports.clock(),
            next_action_at=soon(ports),
            start_deadline=in_seconds(ports, ports.policy.start_timeout),
        ),
    )


def begin(ports: Ports, execution_id: str, states: frozenset[State], step: str) -> Execution | None:
    """Count a try of the step, and return the row; None if there is nothing to do for it.

    A step that was tried too often (it kills its worker, say) ends the attempt instead.
    """
    execution = ports.store.executions.begin(execution_id, states, step, soon(ports))
    if execution is None:
        return None
    if execution.tries.get(step, 0) > ports.policy.max_tries:
        end_attempt(
            ports, execution, f"step {step} did not succeed in {ports.policy.max_tries} tries"
        )
        return None
    return execution


def end_attempt(ports: Ports, execution: Execution, reason: str, *, final: bool = False) -> None:
    """The infrastructure failed this attempt: queue another one, or fail. The pod goes."""
    now = ports.clock()
    may_go_on = State.QUEUED in TRANSITIONS[execution.state] and not final
    if may_go_on and execution.attempt < ports.policy.max_attempts:
        pause = back_off(
            ports.policy.attempt_backoff, execution.attempt, ports.policy.attempt_backoff_max
        )
        change = execution.requeue(now, in_seconds(ports, pause), reason)
    else:
        change = execution.fail(now, soon(ports), reason)
    if apply(ports, change):
        log.warning("attempt %d of %s ended: %s", execution.attempt, execution.id, reason)
        clean_up(ports, change.after)


def compensate(ports: Ports, execution_id: str) -> None:
    """Clear away what a terminal execution left."""
    execution = ports.store.executions.get(execution_id)
    if execution is not None and execution.state.terminal and execution.next_action_at is not None:
        clean_up(ports, execution)


def clean_up(ports: Ports, execution: Execution) -> None:
    """After an attempt, in whichever way it ended: dead letter, pod, slot; then settle the row.

    Every part may be done twice. Where one fails, a terminal row stays due and the sweep comes
    again; of a row that was queued again, the sweep finds slot and pod as nobody's.
    """
    if execution.state is State.FAILED:
        dead_letters.record_exhausted(ports, execution)
    elif execution.state is State.COMPLETED and execution.retry_of is not None:
        dead_letters.resolve_exhausted(ports, execution)
    if execution.attempt > 0:
        ports.runtime.delete(execution.pod)
    if execution.state.terminal:
        release(ports, execution.id)
        ports.store.executions.settle(execution)
    elif _is_still(ports, execution):
        release(ports, execution.id)


def _is_still(ports: Ports, execution: Execution) -> bool:
    """Deleting may take long: by now the slot may be the next attempt's."""
    current = ports.store.executions.get(execution.id)
    return current is not None and current.version == execution.version


def owns_pod(execution: Execution | None, attempt: int) -> bool:
    """Whether that attempt's pod still has a purpose."""
    return (
        execution is not None
        and execution.state in HAS_POD
        and execution.attempt == attempt
        and execution.rebuilt_at is None
    )
