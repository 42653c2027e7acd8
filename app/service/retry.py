"""Run an execution again, as a new one."""

import hashlib
from typing import Final

from ulid import ULID

from app.domain.errors import Conflict
from app.domain.execution import Execution
from app.domain.idempotency import IdempotencyRecord
from app.ports import Ports
from app.service.disk import check_space
from app.service.submit import enqueue
from app.service.transitions import in_seconds

_SECONDS_TO_COMPLETE: Final = 24 * 3600
"""If it is repeated later, a retry that was interrupted before it was marked is another one."""


def retry(ports: Ports, execution: Execution) -> Execution:
    """The execution that retries a terminal one: a new one, or the existing one.

    Raises Conflict if it is not terminal, or if its program was erased; and DiskLow.
    """
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: retry it once it has ended")
    submission = ports.store.executions.submission(execution.id)
    if submission is None:
        raise Conflict(f"the program of execution {execution.id} was erased")
    if execution.retried_as is None:
        check_space(ports.disk, ports.policy)
    # The id is fixed first, so the next call completes a retry that was interrupted. The mark comes
    # last, because a call for all executions without a retry doesn't find it afterwards.
    id = execution.retried_as or _fixed_id(ports, execution)
    retried = enqueue(ports, id, execution.owner, submission, retry_of=execution)
    if execution.retried_as is None:
        ports.store.executions.mark_retried(execution.id, id)
    return retried


def _fixed_id(ports: Ports, execution: Execution) -> str:
    record = IdempotencyRecord(
        key_hash=hashlib.sha256(f"\0retry\0{execution.id}".encode()).hexdigest(),  # no owner's key
        body_hash="",
        execution_id=str(ULID()),
        expires_at=in_seconds(ports.clock, _SECONDS_TO_COMPLETE),
    )
    return ports.store.idempotency.fix(record, ports.clock()).execution_id
