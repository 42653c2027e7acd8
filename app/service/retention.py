"""Removes what is old, and erases what a user deletes."""

from typing import Final

from ulid import ULID

from app.domain.errors import Conflict
from app.domain.execution import SECOND, Execution, State
from app.ports import Blobs, Executions, Ports, Store
from app.service.transitions import in_seconds
from app.service.usage import fold

BATCH: Final = 500
"""Rows of each kind that one tick removes."""


SECONDS_UNTIL_ORPHANED: Final = 24 * 3600.0
"""Blobs of an execution that was submitted longer ago have a row, or nobody will write it."""
SECONDS_UNTIL_SETTLED: Final = 3600.0
"""A row follows its blobs much sooner."""


def erase(executions: Executions, blobs: Blobs, execution: Execution) -> None:
    """Erase program and result. The row and its events, which have neither, stay.

    Can be repeated. The row is marked last, so that a failure before that changes no response but
    those about contents.
    """
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: cancel it first")
    blobs.delete([execution.id])
    executions.erase(execution.id)


def remove_lost_attempts(store: Store, blobs: Blobs, execution: Execution) -> None:
    """Remove blobs that attempts without a result left of a terminal execution.

    Only the attempt that completes an execution stores no others, if it is the first.
    """
    if execution.attempt <= 1 and execution.state is State.COMPLETED:
        return
    result = store.results.get(execution.result_id) if execution.result_id else None
    program = store.executions.program_blob(execution.id)
    named = [*(result.blobs if result else ()), *([program] if program else ())]
    blobs.keep(execution.id, named)


def remove_old(ports: Ports) -> int:
    """Remove one bounded slice of expired idempotency keys, old executions and old replays."""
    removed = ports.store.idempotency.remove_expired(ports.clock(), BATCH)
    if ports.policy.retention_seconds is not None:
        before = in_seconds(ports.clock, -ports.policy.retention_seconds)
        fold(ports.store.usage)  # Executions whose usage is in no day are not removed.
        ids = ports.store.executions.remove_ended_before(before, BATCH)
        ports.blobs.delete(ids)
        removed += len(ids)
        removed += ports.store.batches.remove_created_before(before, BATCH)
        removed += ports.store.replays.remove_ended_before(before, BATCH)
    return removed


def remove_orphaned_blobs(ports: Ports) -> None:
    """Remove the blobs of executions that do not exist or were erased.

    A process that was killed between a row and its blobs leaves them. Does nothing while a batch
    is incomplete, because blobs can have programs whose rows are still to come.
    """
    if ports.store.batches.due(ports.clock(), 1):
        return
    submitted_before = in_seconds(ports.clock, -SECONDS_UNTIL_ORPHANED) / SECOND
    before = str(ULID.from_timestamp(submitted_before))
    last = ""
    while owners := ports.blobs.owners(last, before, BATCH):
        last = owners[-1]
        kept = ports.store.executions.not_erased(owners)
        orphans = [
            owner for owner in owners if owner not in kept and _is_settled(ports.blobs, owner)
        ]
        ports.blobs.delete(orphans)


def _is_settled(blobs: Blobs, owner: str) -> bool:
    """Whether nobody is about to write a row, which can have an old id if it is a retry."""
    return not blobs.stored_within(owner, SECONDS_UNTIL_SETTLED)
