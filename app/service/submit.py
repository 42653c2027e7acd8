"""Accepts a submission. From then on, it can't be lost."""

import hashlib
from typing import Final

from ulid import ULID

from app.domain.api_key import ApiKey
from app.domain.errors import Gone, IdempotencyMismatch, QuotaExceeded
from app.domain.execution import SECOND, Execution, State, accept, callback_of
from app.domain.idempotency import IdempotencyRecord
from app.domain.policy import Policy
from app.domain.submission import Submission
from app.ports import Clock, Executions, Ports
from app.service.capacity import Capacity, capacity_of
from app.service.disk import check_space
from app.service.rate_limits import CpuDays
from app.service.transitions import in_seconds, soon, start_chain

_GONE: Final = (
    "the execution of this Idempotency-Key was deleted: send a new key to run the program again"
)


def submit(
    ports: Ports,
    owner: ApiKey,
    submission: Submission,
    *,
    idempotency_key: str | None = None,
    body_hash: str = "",
    capacity: Capacity | None = None,
    cpu_days: CpuDays | None = None,
    new_id: str | None = None,
    durable: bool = True,
) -> Execution:
    """Store the execution, then start its chain.

    Callers that respond only once it has ended need it `durable` no sooner. They call `keep`
    before they respond.

    Callers that repeat a call which may have had an effect pass its `new_id`, a ULID.

    Callers that submit often pass their own `capacity`; otherwise the queue is read each time. CPU
    seconds are only limited with `cpu_days`.

    If the broker is unavailable, the submission is accepted all the same, and the sweep continues
    it. Raises StoreUnavailable, DiskLow, QuotaExceeded, CpuDayUsedUp, IdempotencyMismatch if the
    Idempotency-Key was used with another body, and Gone if its execution was deleted.
    """
    execution_id = new_id or str(ULID())
    if idempotency_key is not None:
        new_id = execution_id
        execution_id = fix_id(ports, owner.name, idempotency_key, body_hash, new_id)
        known = ports.store.executions.get(execution_id)
        if known is not None:
            return _not_erased(_stored_before(ports, known, durable=durable))
        if execution_id != new_id and may_have_been_removed(
            ports.clock, ports.policy, execution_id
        ):
            raise Gone(_GONE)
    check_quota(ports, owner, capacity, cpu_days)
    accepted = enqueue(ports, execution_id, owner.name, submission, by=owner, durable=durable)
    return _not_erased(accepted)


def keep(executions: Executions, state: State) -> None:
    """Keep what was submitted without being `durable`, unless its end has done so.

    Call this before a response that promises the execution. Raises StoreUnavailable.
    """
    if not state.terminal:
        executions.make_durable()


def enqueue(
    ports: Ports,
    execution_id: str,
    owner: str,
    submission: Submission,
    retry_of: Execution | None = None,
    by: ApiKey | None = None,
    durable: bool = True,
) -> Execution:
    """Insert a queued execution with that id, once, and start its chain.

    It was submitted `by` a key, unless it is a retry. Raises QuotaExceeded if others have used up
    the quota of that key since it was checked.
    """
    execution, event = accept(
        submission,
        id=execution_id,
        owner=owner,
        now=ports.clock(),
        next_action_at=soon(ports.clock),
        retry_of=retry_of,
        callback=callback_of(submission, by.id, by.callback_generation) if by else None,
        key_id=by.id if by else None,
        traceparent=ports.tracing.submission(),
    )
    quota = quota_of(ports.policy, by) if by else None
    inserted = ports.store.executions.insert(
        execution, submission, event, durable=durable, quota=quota
    )
    if not inserted:
        known = ports.store.executions.get(execution_id)
        if known is None and quota is not None:
            raise QuotaExceeded(_no_room(quota, room=0, count=1))
        return _stored_before(ports, known or execution, durable=durable)
    start_chain(ports.pipeline, execution_id, State.QUEUED)
    return execution


def _stored_before(ports: Ports, execution: Execution, *, durable: bool) -> Execution:
    """The request that has inserted it may still wait for its end, and so not have synced it."""
    if durable:
        ports.store.executions.make_durable()
    return execution


def fix_id(ports: Ports, owner: str, key: str, body_hash: str, new_id: str) -> str:
    """The id of the execution or batch that the key stands for: `new_id` if the key is new."""
    record = ports.store.idempotency.fix(
        IdempotencyRecord(
            key_hash=hashlib.sha256(f"{owner}\0{key}".encode()).hexdigest(),
            body_hash=body_hash,
            execution_id=new_id,
            expires_at=in_seconds(ports.clock, ports.policy.idempotency_seconds),
        ),
        ports.clock(),
    )
    if record.body_hash != body_hash:
        raise IdempotencyMismatch(
            "this Idempotency-Key was used with another body: send the same body, or a new key"
        )
    return record.execution_id


def _not_erased(execution: Execution) -> Execution:
    if execution.erased:
        raise Gone(_GONE)
    return execution


def may_have_been_removed(clock: Clock, policy: Policy, execution_id: str) -> bool:
    """Whether retention removes executions as old as this one.

    Only a key that was made under longer retention can outlive its row. Its id must not be used
    again, because the event log has events with it.
    """
    if policy.retention_seconds is None:
        return False
    submitted_at = ULID.from_str(execution_id).timestamp * SECOND
    return submitted_at < in_seconds(clock, -policy.retention_seconds)


def quota_of(policy: Policy, key: ApiKey) -> int:
    """How many unfinished executions the key's owner may have."""
    return key.max_unfinished or policy.max_unfinished_per_owner


def check_quota(
    ports: Ports,
    owner: ApiKey,
    capacity: Capacity | None,
    cpu_days: CpuDays | None,
    count: int = 1,
) -> None:
    """Check that `count` more are within the quotas, and that the disk has space for them.

    Raises QuotaExceeded, CpuDayUsedUp and DiskLow.
    """
    check_space(ports.disk, ports.policy)
    if cpu_days is not None:
        cpu_days.check(owner)
    of_owner = quota_of(ports.policy, owner)
    room = of_owner - ports.store.counts.unfinished(owner.name)
    if room < count:
        raise QuotaExceeded(_no_room(of_owner, room, count))
    (capacity or capacity_of(ports)).take(count)


def _no_room(of_owner: int, room: int, count: int) -> str:
    if room <= 0:
        return f"your quota of {of_owner} unfinished executions is used up; try again later"
    return (
        f"your quota of {of_owner} unfinished executions has room for {room}, and this batch has"
        f" {count}: send fewer, or try again later"
    )
