"""Removes what is old, and erases what a user deletes."""

from typing import Final

from ulid import ULID

from app.domain.errors import Conflict
from app.domain.execution import SECOND, Execution
from app.ports import Blobs, Executions, Ports
from app.service.transitions import in_seconds
from app.service.usage import fold

BATCH: Final = 500
"""Rows of each kind that one tick removes."""


SECONDS_UNTIL_ORPHANED: Final = 24 * 3600.0
"""Blobs of an execution that was submitted longer ago have a row, or nobody will write it."""


def erase(executions: Executions, blobs: Blobs, execution: Execution) -> None:
    """Erase program and result. The row and its events, which have neither, stay.

    Can be repeated. The row is marked last, so that a failure before that changes no response but
    those about contents.
    """
    if not execution.state.terminal:
        raise Conflict(f"execution {execution.id} is {execution.state}: cancel it first")
    blobs.delete([execution.id])
    executions.erase(execution.id)


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
        ports.blobs.delete([owner for owner in owners if owner not in kept])
