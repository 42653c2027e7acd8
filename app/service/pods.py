"""The pod creator."""

from app.domain.errors import RunRefused
from app.domain.execution import State
from app.domain.pod import Pod
from app.ports import Ports
from app.service.saga import begin, end_attempt, owns_pod


def create_pod(ports: Ports, execution_id: str) -> bool:
    """Create the attempt's pod. True if the chain goes on."""
    execution = begin(ports, execution_id, frozenset({State.STARTING}), "create")
    if execution is None:
        return False
    if execution.start_deadline is not None and ports.clock() > execution.start_deadline:
        end_attempt(ports, execution, "the program did not start before its start deadline")
        return False
    submission = ports.store.submission(execution_id)
    if submission is None:
        end_attempt(ports, execution, "the stored program is gone", final=True)
        return False
    try:
        ports.runtime.create(Pod.of(execution.pod, submission))
    except RunRefused as error:
        end_attempt(ports, execution, f"the runtime refused it: {error}", final=True)
        return False
    # It may have been cancelled, or given up, while the pod was being made.
    if not owns_pod(ports.store.get(execution_id), execution.attempt):
        ports.runtime.delete(execution.pod)
        return False
    return True
