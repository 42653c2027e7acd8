"""The pod creator."""

from dataclasses import replace

from app.domain.errors import RunRefused, RuntimeUnavailable, StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.fault import Fault
from app.domain.pod import Pod
from app.ports import Ports
from app.service.groups import leave_to_hosts
from app.service.hosts import group_here, here, lacks, say_what_is_here
from app.service.placing import make_pod
from app.service.saga import begin, end_attempt, owns_pod
from app.service.transitions import soon


def create_pod(ports: Ports, execution_id: str) -> bool:
    """Create the attempt's pod, in the bay that is held for it. True if the chain continues."""
    with ports.bays.held():
        try:
            return _create_pod(ports, execution_id)
        except StoreUnavailable:
            ports.bays.pause()  # Other hosts may reach the store.
            raise


def _create_pod(ports: Ports, execution_id: str) -> bool:
    execution = begin(
        ports,
        execution_id,
        frozenset({State.STARTING}),
        "create",
        at=here(ports.fleet),
        places=ports.fleet is not None and ports.fleet.holds_here(),
    )
    if execution is None:
        return False
    # On hosts, it may have waited for a free bay, which costs no attempt.
    if ports.fleet is None and _is_overdue(ports, execution):
        end_attempt(ports, execution, Fault.START_DEADLINE)
        return False
    submission = ports.store.executions.submission(execution_id)
    if submission is None:
        end_attempt(ports, execution, Fault.PROGRAM_GONE, final=True)
        return False
    try:
        policy = ports.policy
        pod = Pod.of(execution.pod, submission, policy.max_wall_seconds, policy.artifacts)
        pod = pod.owned_by(execution.owner)
        if not make_pod(ports.runtime, ports.store.executions, execution, pod):
            return False
    except RuntimeUnavailable:
        ports.bays.pause()
        pass_on(ports, execution, to_others=True)
        raise
    except RunRefused as error:
        if lacks(ports.fleet, ports.runtime, execution.languages):
            if say_what_is_here(ports):
                pass_on(ports, execution)
            return False
        end_attempt(ports, execution, Fault.REFUSED, f"{Fault.REFUSED.text}: {error}", final=True)
        return False
    # It may have been cancelled, or given up, while the pod was being created.
    if not owns_pod(ports.store.executions.get(execution_id), execution.attempt):
        ports.runtime.delete(execution.pod)
        return False
    _forget_tries_that_went_well(ports, execution)
    return True


def pass_on(ports: Ports, execution: Execution, *, to_others: bool = False) -> None:
    """Let another host have the attempt, once it is certain that nothing of it is here.

    `to_others`: preferably one of another group, because no pods can be created here.
    """
    if ports.fleet is None:
        return
    ports.runtime.delete(execution.pod)
    if ports.store.executions.put_place(execution, None):
        ports.store.executions.reschedule(execution, soon(ports.clock))
        avoid = group_here(ports.fleet) if to_others else None
        leave_to_hosts(ports, ports.fleet, replace(execution, place=None), avoid=avoid)


def _is_overdue(ports: Ports, execution: Execution) -> bool:
    """Whether it is past its start deadline without a pod; if there is one, poll judges it."""
    if execution.start_deadline is None or ports.clock() <= execution.start_deadline:
        return False
    return ports.runtime.observe(execution.pod) is None


def _forget_tries_that_went_well(ports: Ports, execution: Execution) -> None:
    """While no monitor runs, the sweep repeats the step, which is not a fault.

    Once poll was tried, its tries count, so a poll that kills its worker still ends the attempt.
    """
    if execution.tries["create"] > 1 and "poll" not in execution.tries:
        ports.store.executions.reschedule(execution, soon(ports.clock))
