"""Batches: programs that are submitted, followed and cancelled together.

The row of a batch and all its programs are written before its executions. Whoever finds a batch
half done completes it: the sweep, a request for it, or the same request with its Idempotency-Key.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from ulid import ULID

from app.domain.api_key import ApiKey
from app.domain.batch import MAX_ITEMS, Batch, BatchItem
from app.domain.errors import (
    Conflict,
    CoordinationUnavailable,
    Gone,
    KeyDeleted,
    NotFound,
    StoreUnavailable,
)
from app.domain.execution import Execution, State, accept, callback_of
from app.domain.filters import ExecutionFilter
from app.domain.submission import Submission
from app.ports import Executions, Ports, Wakeups
from app.service.admission import entry_of
from app.service.cancel import cancel as cancel_execution
from app.service.capacity import Capacity
from app.service.executions import may_see
from app.service.rate_limits import CpuDays
from app.service.submit import check_quota, fix_id, may_have_been_removed
from app.service.transitions import soon, start_chain
from app.service.waiting import LOOK_AGAIN

log = logging.getLogger(__name__)

_RANDOM_BITS: Final = 80
_INDEX_BITS: Final = 7
"""Enough for `MAX_ITEMS`."""

Refusal = Mapping[str, object]
"""The problem document of a program that was refused."""

SLICE: Final = 10
"""Batches that one tick completes."""


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """A batch, and those of its executions that were not deleted, by id."""

    batch: Batch
    executions: Mapping[str, Execution]


def submit_batch(
    ports: Ports,
    owner: ApiKey,
    items: Sequence[Submission | Refusal],
    *,
    idempotency_key: str | None = None,
    body_hash: str = "",
    capacity: Capacity | None = None,
    cpu_days: CpuDays | None = None,
) -> BatchDetails:
    """Store a batch of all programs that were not refused, and queue them.

    Raises as `submit` does. The quota must have room for all of them.
    """
    batch_id = new_id = str(ULID())
    if idempotency_key is not None:
        batch_id = fix_id(ports, owner.name, idempotency_key, body_hash, new_id)
        known = ports.store.batches.get(batch_id)
        if known is not None:
            return details(ports.store.executions, complete(ports, known))
        if batch_id != new_id and may_have_been_removed(ports.clock, ports.policy, batch_id):
            raise Gone("the batch of this Idempotency-Key was removed: send a new key")
    batch, submissions = _new_batch(ports, batch_id, owner, items)
    check_quota(ports, owner, capacity, cpu_days, len(submissions))
    if not ports.store.batches.put(batch, submissions):
        batch = ports.store.batches.get(batch_id) or batch
        return details(ports.store.executions, complete(ports, batch))
    executions = _insert(ports, batch, submissions)
    return BatchDetails(batch, {execution.id: execution for execution in executions})


def find(ports: Ports, caller: ApiKey, batch_id: str) -> Batch:
    """A complete batch. Raises NotFound, also for a batch that the caller may not see."""
    batch = ports.store.batches.get(batch_id)
    if batch is None or not may_see(caller, batch.owner):
        raise NotFound(f"there is no batch {batch_id}")
    return complete(ports, batch)


def details(executions: Executions, batch: Batch) -> BatchDetails:
    found = executions.page(ExecutionFilter(batch=batch.id), None, MAX_ITEMS)
    return BatchDetails(batch, {execution.id: execution for execution in found})


def complete(ports: Ports, batch: Batch) -> Batch:
    """Insert the executions that a batch lacks. Anyone may do so at any time, also at once."""
    if batch.next_action_at is None:
        return batch
    there = ports.store.executions.states_of(batch.execution_ids)
    missing = {
        execution_id: submission
        for execution_id in batch.execution_ids
        if execution_id not in there
        and (submission := ports.store.executions.submission(execution_id)) is not None
    }
    _insert(ports, batch, missing)
    return batch.complete()


def complete_due(ports: Ports) -> None:
    """Complete batches whose request ended early. For the sweep."""
    for batch in ports.store.batches.due(ports.clock(), SLICE):
        log.warning("completing the batch %s, whose request ended early", batch.id)
        complete(ports, batch)


def cancel(ports: Ports, batch: Batch) -> BatchDetails:
    """Cancel all executions of the batch that are not terminal."""
    found = details(ports.store.executions, batch)
    after = dict(found.executions)
    for execution in found.executions.values():
        with suppress(Conflict, NotFound):
            after[execution.id] = cancel_execution(ports, execution)
    return BatchDetails(batch, after)


def wait_for_ends(
    executions: Executions,
    wakeups: Wakeups,
    batch: Batch,
    seconds: float,
    allowed: Callable[[], bool] = lambda: True,
    wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Wait until all executions of the batch are terminal, or for this many `seconds`.

    Returns early once it is no longer `wanted`. Raises as `wait_for_end` does.
    """
    deadline = monotonic() + seconds
    with wakeups.listen(batch.id) as listener:
        left = unfinished(executions, batch.execution_ids)
        while left and wanted() and (remaining := deadline - monotonic()) > 0:
            listener.wait(min(remaining, LOOK_AGAIN))
            if not allowed():
                raise KeyDeleted
            try:
                left = unfinished(executions, left)
            except StoreUnavailable as error:
                log.warning("still waiting for batch %s: %s", batch.id, error)


def unfinished(executions: Executions, execution_ids: Sequence[str]) -> list[str]:
    """Those that are not terminal. One that was removed has ended."""
    states = executions.states_of(execution_ids)
    return [id for id in execution_ids if id in states and not states[id][0].terminal]


def _new_batch(
    ports: Ports, batch_id: str, owner: ApiKey, items: Sequence[Submission | Refusal]
) -> tuple[Batch, Mapping[str, Submission]]:
    """The row, and the programs by the ids of their executions."""
    submissions: dict[str, Submission] = {}
    rows = []
    for execution_id, item in zip(_ids_in(batch_id, len(items)), items, strict=True):
        if isinstance(item, Submission):
            submissions[execution_id] = item
            rows.append(BatchItem(execution_id=execution_id))
        else:
            rows.append(BatchItem(problem=item))
    batch = Batch(
        id=batch_id,
        owner=owner.name,
        created_at=ports.clock(),
        items=tuple(rows),
        next_action_at=soon(ports.clock),
        key_id=owner.id,
        callback_generation=owner.callback_generation,
    )
    return batch, submissions


def _ids_in(batch_id: str, count: int) -> Sequence[str]:
    """The ids of a batch's executions, which follow from the batch's own, in ascending order.

    So a request that is repeated after a crash gives its programs the same ids. They are not the
    numbers after the batch's id, because ULIDs made in one millisecond may be just these.
    """
    timestamp = int(ULID.from_str(batch_id)) >> _RANDOM_BITS << _RANDOM_BITS
    digest = int.from_bytes(hashlib.sha256(batch_id.encode()).digest()[: _RANDOM_BITS // 8])
    first = timestamp | digest >> _INDEX_BITS << _INDEX_BITS
    return [str(ULID.from_int(first | index)) for index in range(count)]


def _insert(
    ports: Ports, batch: Batch, submissions: Mapping[str, Submission]
) -> Sequence[Execution]:
    """Insert these executions, queue them, and record that nothing is missing any more."""
    traceparent = ports.tracing.submission() if submissions else None
    new = [
        accept(
            submission,
            id=execution_id,
            owner=batch.owner,
            now=ports.clock(),
            next_action_at=soon(ports.clock),
            batch_id=batch.id,
            key_id=batch.key_id,
            callback=callback_of(submission, batch.key_id, batch.callback_generation),
            traceparent=traceparent,
        )
        for execution_id, submission in submissions.items()
    ]
    executions = [execution for execution, _ in new]
    if new:
        ports.store.executions.insert_all(new)
        _queue(ports, executions)
    ports.store.batches.mark_complete(batch.id)
    return executions


def _queue(ports: Ports, executions: Sequence[Execution]) -> None:
    """Queue all of them at once: a single chain then fills the free slots with the best ones."""
    try:
        ports.admission.enter([entry_of(execution) for execution in executions])
    except CoordinationUnavailable as error:
        log.warning("batch %s waits for the sweep: %s", executions[0].batch_id, error)
    start_chain(ports.pipeline, executions[0].id, State.QUEUED)
