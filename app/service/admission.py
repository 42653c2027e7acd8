"""The coordinator: decides which execution gets a slot."""

from functools import partial

from app.domain.errors import Unavailable
from app.domain.execution import Execution, State
from app.ports import AdmissionQueue, Caps, Executions, Ports, QueueEntry
from app.service.disk import has_space
from app.service.slots import caps_of
from app.service.transitions import apply, soon, start_chain

NO_SLOTS = Caps(total=0, per_owner=0)
TAKEN_AT_ONCE = 32
"""Bounds one call; the next release of a slot continues."""


def admit(ports: Ports, execution_id: str) -> bool:
    """Queue the execution, and fill the free slots. True if it got one."""
    execution = ports.store.executions.get(execution_id)
    if execution is None or execution.state is not State.QUEUED:
        return False
    ports.tracing.about(execution)
    return fill_slots(ports, entering=execution)


def fill_slots(
    ports: Ports, *, entering: Execution | None = None, leaving: str | None = None
) -> bool:
    """Admit the best queued executions that the caps allow, and start their chains.

    While the disk is nearly full, none are; the sweep calls this again.
    Before that, `entering` is queued, and `leaving` releases its slot or entry. The former
    continues in the caller's chain: True if it was admitted.
    """
    continues = False
    caps = caps_of(ports) if has_space(ports.disk, ports.policy) else NO_SLOTS
    take = partial(ports.admission.take, caps, limit=TAKEN_AT_ONCE)
    entry = None if entering is None else entry_of(entering)
    taken = take(ports.clock(), entering=entry, leaving=leaving)
    while taken:
        all_admitted = True
        for execution_id in taken:
            own = entering if entering is not None and execution_id == entering.id else None
            if not _admit_one(ports, execution_id, own):
                all_admitted = False  # Its slot is free again, for another one.
            elif own:
                continues = True
            else:
                start_chain(
                    ports.pipeline, execution_id, State.ADMITTED, next_here=leaving is not None
                )
        taken = [] if all_admitted else take(ports.clock())
    return continues


def release(ports: Ports, execution_id: str) -> None:
    """Release the execution's slot or queue entry, and let the next one have the slot."""
    fill_slots(ports, leaving=execution_id)


def enter_again(executions: Executions, admission: AdmissionQueue, execution_id: str) -> None:
    """Queue an execution again that was taken from the queue but could not be admitted."""
    execution = executions.get(execution_id)
    if execution is not None and execution.state is State.QUEUED:
        admission.enter([entry_of(execution)])


def entry_of(execution: Execution) -> QueueEntry:
    return QueueEntry(
        execution.id,
        execution.owner,
        execution.priority,
        execution.created_at,
        execution.languages,
    )


def _admit_one(ports: Ports, execution_id: str, known: Execution | None) -> bool:
    """It holds a slot: make the transition to admitted, or release the slot.

    `known` is its row as it was a moment ago.
    """
    try:
        execution = known or ports.store.executions.get(execution_id)
        if execution is not None and execution.state is State.QUEUED:
            if apply(ports, execution.admit(ports.clock(), soon(ports.clock))):
                return True
            execution = ports.store.executions.get(execution_id)
    except Unavailable:
        ports.admission.leave(execution_id, ports.clock())
        raise
    if execution is None or not execution.state.holds_slot:
        ports.admission.leave(execution_id, ports.clock())
    return False
