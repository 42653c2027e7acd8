"""The dead letter queue: what failed is recorded, retried on a schedule, and kept.

A letter's id is derived from what failed, so what fails again and again is one letter with a
count. waiting → retrying → resolved; a retry that fails makes it waiting again; after
`dlq_max_retries` retries it is archived. An operator may retry or discard it at any time.
"""

import base64
import hashlib
import logging
from dataclasses import replace

from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.records import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.ports import Ports
from app.service.retry import retry
from app.service.transitions import back_off, in_seconds

log = logging.getLogger(__name__)

PAYLOAD_BYTES = 16 * 1024
"""Of a poison message, as much is kept; a longer one can't be retried."""

_OPEN = frozenset({DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING})
_KEEPS_STATUS = frozenset(
    {DeadLetterStatus.WAITING, DeadLetterStatus.ARCHIVED, DeadLetterStatus.DISCARDED}
)
"""A further failure is only counted: its retry is due already, or nobody wants one."""


def record_task_error(ports: Ports, task: str, execution_id: str | None, error: str) -> None:
    """A step raised what nobody expected."""
    letter_id = f"{DeadLetterKind.TASK_ERROR}.{task}.{execution_id or 'none'}"
    _record(ports, letter_id, DeadLetterKind.TASK_ERROR, task, error, execution_id=execution_id)


def record_poison(ports: Ports, queue: str, body: bytes, error: str) -> None:
    """A message that no task of ours can be made of."""
    digest = hashlib.sha256(queue.encode() + b"\0" + body).hexdigest()[:32]
    _record(
        ports,
        f"{DeadLetterKind.POISON}.{queue}.{digest}",
        DeadLetterKind.POISON,
        f"queue:{queue}",
        error,
        payload=base64.b64encode(body[: PAYLOAD_BYTES + 1]).decode(),
    )


def record_exhausted(ports: Ports, execution: Execution) -> None:
    """An execution failed for good. Its retries, if they fail too, are the same letter."""
    letter_id = f"{DeadLetterKind.EXHAUSTED}.{execution.root}"
    known = ports.store.dead_letter(letter_id)
    recorded = known is not None and known.execution_id == execution.id
    if recorded and known is not None and known.status is not DeadLetterStatus.RETRYING:
        return
    _record(
        ports,
        letter_id,
        DeadLetterKind.EXHAUSTED,
        "podline.saga.step",
        execution.message or "",
        execution_id=execution.id,
    )


def resolve_exhausted(ports: Ports, execution: Execution) -> None:
    """A retry completed."""
    letter = ports.store.dead_letter(f"{DeadLetterKind.EXHAUSTED}.{execution.root}")
    if letter is not None and letter.status in _OPEN:
        _close(ports, letter, DeadLetterStatus.RESOLVED)


def retry_letter(ports: Ports, letter_id: str) -> DeadLetter:
    """Retry it now, whatever its status: an operator says so. NotFound; Conflict if it can't be."""
    letter = _get(ports, letter_id)
    if not _can_be_retried(letter):
        raise Conflict(f"dead letter {letter_id} is cut or can't be decoded: discard it")
    return _retry(ports, letter)


def retry_letters(
    ports: Ports, status: DeadLetterStatus | None, kind: DeadLetterKind | None, limit: int
) -> int:
    """Retry up to `limit` letters of that status and kind. How many were."""
    letters = ports.store.list_dead_letters(status or DeadLetterStatus.WAITING, kind, None, limit)
    retriable = [letter for letter in letters if _can_be_retried(letter)]
    for letter in retriable:
        _retry(ports, letter)
    return len(retriable)


def discard(ports: Ports, letter_id: str) -> DeadLetter:
    """Throw it away: it stays to be seen, and is not retried any more."""
    letter = _get(ports, letter_id)
    while letter.status is not DeadLetterStatus.DISCARDED:
        _close(ports, letter, DeadLetterStatus.DISCARDED)
        letter = _get(ports, letter_id)
    return letter


def process(ports: Ports) -> int:
    """One bounded slice of the schedule: take in what was parked, then look at what is due."""
    for letter in ports.parking.unpark(ports.policy.dlq_batch):
        _merge(ports, letter)
        ports.parking.done(letter)
    due = ports.store.due_dead_letters(ports.clock(), ports.policy.dlq_batch)
    for letter in due:
        _look_at(ports, letter)
    return len(due)


# How a letter is recorded


def _record(
    ports: Ports,
    letter_id: str,
    kind: DeadLetterKind,
    origin: str,
    error: str,
    *,
    execution_id: str | None = None,
    payload: str | None = None,
) -> None:
    now = ports.clock()
    letter = DeadLetter(
        id=letter_id,
        kind=kind,
        status=DeadLetterStatus.WAITING,
        origin=origin,
        execution_id=execution_id,
        payload=payload,
        error=error[:1000],
        attempts=1,
        retries=0,
        first_failed_at=now,
        last_failed_at=now,
        next_retry_at=_next_retry(ports, retries=0),
    )
    try:
        _merge(ports, letter)
    except StoreUnavailable:
        ports.parking.park(letter)


def _merge(ports: Ports, failure: DeadLetter) -> None:
    """Insert it, or count it on the letter that is there."""
    while not ports.store.put_dead_letter(failure):
        known = ports.store.dead_letter(failure.id)
        if known is None or ports.store.update_dead_letter(known, _again(ports, known, failure)):
            return


def _again(ports: Ports, known: DeadLetter, failure: DeadLetter) -> DeadLetter:
    counted = replace(
        known,
        attempts=known.attempts + failure.attempts,
        error=failure.error,
        execution_id=failure.execution_id,
        last_failed_at=failure.last_failed_at,
    )
    if known.status in _KEEPS_STATUS:
        return counted
    return replace(
        counted,
        status=DeadLetterStatus.WAITING,
        next_retry_at=_next_retry(ports, retries=known.retries),
    )


# How a letter is retried


def _look_at(ports: Ports, letter: DeadLetter) -> None:
    """Its time has come: it is done with, still under way, to be archived, or to be retried."""
    if _is_done(ports, letter):
        _close(ports, letter, DeadLetterStatus.RESOLVED)
    elif _is_under_way(ports, letter):
        later = _next_retry(ports, retries=letter.retries)
        ports.store.update_dead_letter(letter, replace(letter, next_retry_at=later))
    elif letter.retries >= ports.policy.dlq_max_retries or not _can_be_retried(letter):
        _close(ports, letter, DeadLetterStatus.ARCHIVED)
    else:
        _retry(ports, letter)


def _is_done(ports: Ports, letter: DeadLetter) -> bool:
    if letter.kind is DeadLetterKind.POISON:
        # Had the message failed again, the letter would be waiting.
        return letter.status is DeadLetterStatus.RETRYING
    if letter.execution_id is None:
        return letter.status is DeadLetterStatus.RETRYING
    execution = ports.store.get(letter.execution_id)
    if execution is None or execution.erased:
        return True
    if letter.kind is DeadLetterKind.EXHAUSTED:
        return execution.state in {State.COMPLETED, State.CANCELLED}
    return execution.state.terminal


def _is_under_way(ports: Ports, letter: DeadLetter) -> bool:
    if letter.kind is not DeadLetterKind.EXHAUSTED or letter.execution_id is None:
        return False
    execution = ports.store.get(letter.execution_id)
    return execution is not None and not execution.state.terminal


def _can_be_retried(letter: DeadLetter) -> bool:
    if letter.kind is not DeadLetterKind.POISON:
        return letter.execution_id is not None
    return letter.payload is not None and len(_body(letter)) <= PAYLOAD_BYTES


def _retry(ports: Ports, letter: DeadLetter) -> DeadLetter:
    """Mark it first, so that a failure that comes back at once finds it retrying."""
    retries = letter.retries + 1
    retrying = replace(
        letter,
        status=DeadLetterStatus.RETRYING,
        retries=retries,
        next_retry_at=_next_retry(ports, retries=retries),
    )
    if not ports.store.update_dead_letter(letter, retrying):
        return _get(ports, letter.id)
    if letter.kind is DeadLetterKind.EXHAUSTED:
        return _run_again(ports, retrying)
    if letter.kind is DeadLetterKind.POISON:
        ports.pipeline.resend(letter.origin.removeprefix("queue:"), _body(letter))
    elif letter.execution_id is not None:
        execution = ports.store.get(letter.execution_id)
        if execution is not None:
            ports.pipeline.start(execution.id, execution.state)
    return retrying


def _run_again(ports: Ports, letter: DeadLetter) -> DeadLetter:
    """Start the exhausted execution anew; the letter follows the new one."""
    assert letter.execution_id is not None
    execution = ports.store.get(letter.execution_id)
    if execution is None or execution.state is not State.FAILED or execution.erased:
        return letter
    again = replace(letter, execution_id=retry(ports, execution).id)
    ports.store.update_dead_letter(letter, again)
    return _get(ports, letter.id)


def _close(ports: Ports, letter: DeadLetter, status: DeadLetterStatus) -> None:
    ports.store.update_dead_letter(letter, replace(letter, status=status, next_retry_at=None))


def _next_retry(ports: Ports, *, retries: int) -> int:
    pause = back_off(ports.policy.dlq_backoff, retries + 1, ports.policy.dlq_backoff_max)
    return in_seconds(ports, pause)


def _body(letter: DeadLetter) -> bytes:
    return base64.b64decode(letter.payload or "")


def _get(ports: Ports, letter_id: str) -> DeadLetter:
    letter = ports.store.dead_letter(letter_id)
    if letter is None:
        raise NotFound(f"there is no dead letter {letter_id}")
    return letter
