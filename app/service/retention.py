"""Removes what is old, and erases what a user deletes."""

from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter, sleep
from typing import Final, TypeAlias

from ulid import ULID

from app.domain.errors import Conflict
from app.domain.execution import SECOND, Execution, State, Time
from app.ports import Blobs, Executions, Ports, Store
from app.service.transitions import in_seconds
from app.service.usage import fold

BATCH: Final = 50
"""Executions that one write removes at most: about 2 ms of CPU time, unless they are large."""
SMALL_BATCH: Final = 200
"""Smaller things that one write removes, such as events, which takes less."""
OWNERS_AT_ONCE: Final = 5_000
"""Executions whose blobs are looked at together. It takes one listing of the folder."""
BUSY_SECONDS: Final = 8.0
"""How long one tick works on a backlog. This is less than the time between two ticks."""

Step: TypeAlias = Callable[[], bool]
"""A small part of the work. Returns whether there is more to do."""

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


def remove_old(ports: Ports, pause: Callable[[float], object] = sleep) -> None:
    """Remove what is old, and return its space to the file system, in small steps.

    Continues until nothing is left to do or the tick's time is up. `pause` is called after each
    step with the seconds that the step took, so that others can write at least half of the time.
    """
    until = in_seconds(ports.clock, BUSY_SECONDS)
    for steps in (_removals(ports), (ports.store.shrink, ports.event_log.shrink)):
        left = list(steps)
        while left and ports.clock() < until:
            left = [step for step in left if _has_more(step, pause)]


def _has_more(step: Step, pause: Callable[[float], object]) -> bool:
    began = perf_counter()
    more = step()
    pause(perf_counter() - began)
    return more


def _removals(ports: Ports) -> Iterator[Step]:
    """One step for each kind of thing. They take turns, so that no backlog holds up another."""
    store, policy = ports.store, ports.policy
    yield lambda: store.idempotency.remove_expired(ports.clock(), SMALL_BATCH) == SMALL_BATCH
    before = in_seconds(ports.clock, -policy.audit_seconds)
    yield partial(_has_old, store.audit.remove_before, before)
    if policy.retention_seconds is not None:
        yield from _removals_before(ports, in_seconds(ports.clock, -policy.retention_seconds))


def _removals_before(ports: Ports, time: Time) -> Iterator[Step]:
    store = ports.store
    yield lambda: _remove_executions(ports, time)
    for remove in (
        store.batches.remove_created_before,
        store.replays.remove_ended_before,
        store.dead_letters.remove_failed_before,
        ports.event_log.remove_before,
    ):
        yield partial(_has_old, remove, time)


def _has_old(remove: Callable[[Time, int], int], time: Time) -> bool:
    return remove(time, SMALL_BATCH) >= SMALL_BATCH


def _remove_executions(ports: Ports, time: Time) -> bool:
    fold(ports.store.usage)  # Executions whose usage is in no day are not removed.
    ids = ports.store.executions.remove_ended_before(time, BATCH)
    ports.blobs.delete(ids)
    return bool(ids)


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
    while owners := ports.blobs.owners(last, before, OWNERS_AT_ONCE):
        last = owners[-1]
        kept = ports.store.executions.not_erased(owners)
        orphans = [
            owner for owner in owners if owner not in kept and _is_settled(ports.blobs, owner)
        ]
        ports.blobs.delete(orphans)


def _is_settled(blobs: Blobs, owner: str) -> bool:
    """Whether nobody is about to write a row, which can have an old id if it is a retry."""
    return not blobs.stored_within(owner, SECONDS_UNTIL_SETTLED)
