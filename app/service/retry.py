"""Run an execution again, as a new one."""

from ulid import ULID

from app.domain.errors import Conflict
from app.domain.execution import Execution
from app.ports import Ports
from app.service.submit import enqueue


def retry(ports: Ports, execution: Execution) -> Execution:
    """The execution that retries a terminal one: a new one, or the existing one.

    Raises Conflict if it is not terminal, or if its program was erased.
    """
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: retry it once it has ended")
    submission = ports.store.executions.submission(execution.id)
    if submission is None:
        raise Conflict(f"the program of execution {execution.id} was erased")
    if execution.retried_as is None:
        ports.store.executions.mark_retried(execution.id, str(ULID()))
        execution = ports.store.executions.get(execution.id) or execution
    if execution.retried_as is None:
        raise Conflict(f"execution {execution.id} was removed meanwhile")
    # The id is fixed first, so the next call completes a retry that was interrupted.
    return enqueue(ports, execution.retried_as, execution.owner, submission, retry_of=execution)
