"""Retries of dead letters, on a schedule and on an operator's request."""

import base64
from contextlib import suppress
from dataclasses import replace
from typing import Final

from app.domain.callback import CallbackState
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.errors import BrokerUnavailable, Conflict, CoordinationUnavailable, DiskLow
from app.domain.execution import Execution, State
from app.ports import Clock, DeadLetters, Deliveries, Ports
from app.service.dead_letters import PAYLOAD_BYTES, close, get, merge, next_retry
from app.service.hosts import host_of, is_lost
from app.service.retry import retry

BATCH: Final = 100
"""Letters that one tick takes of the parked, and of those that are due."""


def retry_letter(ports: Ports, letter_id: str) -> DeadLetter:
    """Retry it now, whatever its status. Raises NotFound, and Conflict if it can't be retried."""
    letter = get(ports.store.dead_letters, letter_id)
    execution = _execution(ports, letter)
    if not _can_be_retried(ports, letter, execution):
        raise Conflict(f"dead letter {letter_id} can't be retried: discard it")
    return _retry(ports, letter, execution)


def discard(letters: DeadLetters, letter_id: str) -> DeadLetter:
    """Discard it: it stays visible, and is never retried."""
    letter = get(letters, letter_id)
    while letter.status is not DeadLetterStatus.DISCARDED:
        close(letters, letter, DeadLetterStatus.DISCARDED)
        letter = get(letters, letter_id)
    return letter


def process(ports: Ports) -> int:
    """One bounded slice of the schedule: store what was parked, then handle what is due."""
    for letter in ports.parking.unpark(BATCH):
        merge(ports.store.dead_letters, ports.clock, letter)
        ports.parking.done(letter)
    due = ports.store.dead_letters.due(ports.clock(), BATCH)
    for letter in due:
        with suppress(DiskLow):  # a retry that needs space is postponed, and holds up no other
            _look_at(ports, letter)
    return len(due)


def _look_at(ports: Ports, letter: DeadLetter) -> None:
    """Handle a due letter: resolve it, postpone it, archive it, or retry it."""
    execution = _execution(ports, letter)
    if _is_done(letter, execution):
        close(ports.store.dead_letters, letter, DeadLetterStatus.RESOLVED)
    elif _is_under_way(letter, execution):
        later = next_retry(ports.clock, retries=letter.retries)
        ports.store.dead_letters.update(letter, replace(letter, next_retry_at=later))
    elif letter.retries >= ports.policy.dlq_max_retries or not _can_be_retried(
        ports, letter, execution
    ):
        close(ports.store.dead_letters, letter, DeadLetterStatus.ARCHIVED)
    else:
        _retry(ports, letter, execution)


def _is_done(letter: DeadLetter, execution: Execution | None) -> bool:
    if letter.kind is DeadLetterKind.POISON:
        # It was sent. If the message had failed again, the letter would be waiting.
        return letter.status is DeadLetterStatus.RETRYING
    if execution is None:
        return False
    if letter.kind is DeadLetterKind.EXHAUSTED:
        return execution.state in {State.COMPLETED, State.CANCELLED}
    if letter.kind is DeadLetterKind.CALLBACK:
        return _has_callback(execution, CallbackState.DELIVERED)
    # The step that failed may be the one that cleans up after the execution.
    return execution.state.terminal and execution.next_action_at is None


def _is_under_way(letter: DeadLetter, execution: Execution | None) -> bool:
    if execution is None:
        return False
    if letter.kind is DeadLetterKind.CALLBACK:
        return _has_callback(execution, CallbackState.PENDING)
    return letter.kind is DeadLetterKind.EXHAUSTED and not execution.state.terminal


def _has_callback(execution: Execution, state: CallbackState) -> bool:
    return execution.callback is not None and execution.callback.state is state


def _can_be_retried(ports: Ports, letter: DeadLetter, execution: Execution | None) -> bool:
    if letter.kind is DeadLetterKind.POISON:
        item = _item(letter)
        return len(item) <= PAYLOAD_BYTES and ports.pipeline.can_resend(_queue(letter), item)
    if letter.kind is DeadLetterKind.EXHAUSTED:
        return execution is not None and execution.state is State.FAILED and not execution.erased
    if letter.kind is DeadLetterKind.CALLBACK:
        abandoned = execution is not None and _has_callback(execution, CallbackState.ABANDONED)
        return abandoned and execution is not None and not execution.erased
    return execution is not None


def _retry(ports: Ports, letter: DeadLetter, execution: Execution | None) -> DeadLetter:
    """Count the retry first, and set `retrying` once it is sent.

    So a worker that dies in between leaves the letter waiting, and a failure that comes back at
    once finds it waiting and leaves it so.
    """
    later = next_retry(ports.clock, retries=letter.retries + 1)
    counted = replace(
        letter,
        status=DeadLetterStatus.WAITING,
        retries=letter.retries + 1,
        next_retry_at=later,
    )
    if ports.store.dead_letters.update(letter, counted):
        try:
            sent = _send(ports, counted, execution)
        except (BrokerUnavailable, CoordinationUnavailable, DiskLow):
            ports.store.dead_letters.update(counted, replace(counted, retries=letter.retries))
            raise
        ports.store.dead_letters.update(counted, sent)
    return get(ports.store.dead_letters, letter.id)


def _send(ports: Ports, letter: DeadLetter, execution: Execution | None) -> DeadLetter:
    """Do again what failed. Returns the changed letter, which follows a new execution."""
    if execution is None:
        ports.pipeline.resend(_queue(letter), _item(letter))
    elif letter.kind is DeadLetterKind.EXHAUSTED:
        execution = retry(ports, execution)
        letter = replace(letter, execution_id=execution.id)
    elif letter.kind is DeadLetterKind.CALLBACK:
        _send_callback(ports.store.deliveries, ports.clock, execution)
    elif not is_lost(ports.fleet, execution):  # Otherwise the sweep continues it.
        host = host_of(ports.fleet, execution)
        ports.pipeline.start(execution.id, execution.state, host)
    return replace(letter, status=DeadLetterStatus.RETRYING)


def _send_callback(deliveries: Deliveries, clock: Clock, execution: Execution) -> None:
    """Begin another series of tries, with the next tick."""
    abandoned, now = execution.callback, clock()
    if abandoned is not None:
        deliveries.update(execution.id, abandoned, abandoned.pending(now, now))


def _execution(ports: Ports, letter: DeadLetter) -> Execution | None:
    return (
        ports.store.executions.get(letter.execution_id) if letter.execution_id is not None else None
    )


def _queue(letter: DeadLetter) -> str:
    return letter.origin.removeprefix("queue:")


def _item(letter: DeadLetter) -> bytes:
    return base64.b64decode(letter.payload or "")
