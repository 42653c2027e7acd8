"""The dead letter queue: failures are recorded, retried on a schedule, and kept.

A letter's id is derived from what failed, so something that fails again and again is one letter
with a count. waiting → retrying → resolved; a failed retry makes the letter wait again; after
`dlq_max_retries` retries, it is archived. An operator can retry or discard it at any time.

This module records letters; `dead_letter_retries` does the rest.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.domain.chain import DELIVER, START
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.errors import NotFound, StoreUnavailable
from app.domain.execution import Execution, Time
from app.ports import Clock, DeadLetters, Ports
from app.service.transitions import back_off, in_seconds

PAYLOAD_BYTES: Final = 16 * 1024
"""The part of a poison message that is kept; a longer message can't be retried."""

ERROR_CHARACTERS: Final = 1000

BACK_OFF_SECONDS: Final = 60.0
"""Before the first retry; doubled for each further one."""
MAX_BACK_OFF_SECONDS: Final = 3600.0

OPEN: Final = frozenset({DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING})
_WAS_RETRIED: Final = frozenset({DeadLetterStatus.RETRYING, DeadLetterStatus.RESOLVED})
"""A failure after a retry makes the letter wait for another one; others are only counted."""


def record_task_error(
    ports: Ports, task: str, execution_id: str | None, error: str, traceback: str | None = None
) -> None:
    """Record that a step raised an unexpected error."""
    letter_id = f"{DeadLetterKind.TASK_ERROR}.{task}.{execution_id or 'none'}"
    _merge_or_park(
        ports,
        _letter(
            ports.clock,
            letter_id,
            DeadLetterKind.TASK_ERROR,
            task,
            error,
            execution_id=execution_id,
            traceback=traceback,
        ),
    )


def record_poison(ports: Ports, queue: str, item: bytes, error: str) -> None:
    """Record something in a queue that Podline has no task for; `item` is the whole of it."""
    digest = hashlib.sha256(queue.encode() + b"\0" + ports.pipeline.identity(item)).hexdigest()[:32]
    _merge_or_park(
        ports,
        _letter(
            ports.clock,
            f"{DeadLetterKind.POISON}.{queue}.{digest}",
            DeadLetterKind.POISON,
            f"queue:{queue}",
            error,
            payload=base64.b64encode(item[: PAYLOAD_BYTES + 1]).decode(),
        ),
    )


def record_exhausted(letters: DeadLetters, clock: Clock, execution: Execution) -> None:
    """Record that an execution failed. Its retries have the same letter, if they fail too.

    Raises StoreUnavailable instead of parking it: the row stays due until its letter is stored.
    """
    letter_id = f"{DeadLetterKind.EXHAUSTED}.{execution.root}"
    known = letters.get(letter_id)
    if (
        known is None
        or known.execution_id != execution.id
        or known.status is DeadLetterStatus.RETRYING
    ):
        origin, error = START, execution.message or ""
        kind = DeadLetterKind.EXHAUSTED
        letter = _letter(clock, letter_id, kind, origin, error, execution_id=execution.id)
        merge(letters, clock, letter)


def resolve_exhausted(letters: DeadLetters, execution: Execution) -> None:
    """Resolve the letter, because a retry completed."""
    letter = letters.get(f"{DeadLetterKind.EXHAUSTED}.{execution.root}")
    if letter is not None and letter.status in OPEN:
        close(letters, letter, DeadLetterStatus.RESOLVED)


def record_abandoned(letters: DeadLetters, clock: Clock, execution_id: str, error: str) -> None:
    """Record that a callback was not delivered in all its tries.

    They took a day, so only an operator retries it. Raises StoreUnavailable.
    """
    letter_id = f"{DeadLetterKind.CALLBACK}.{execution_id}"
    known = letters.get(letter_id)
    if known is None or known.status in _WAS_RETRIED:
        kind = DeadLetterKind.CALLBACK
        letter = _letter(clock, letter_id, kind, DELIVER, error, execution_id=execution_id)
        archived = replace(letter, status=DeadLetterStatus.ARCHIVED, next_retry_at=None)
        merge(letters, clock, archived)


def resolve_abandoned(letters: DeadLetters, execution_id: str) -> None:
    """Resolve the letter, if there is one, because its callback was delivered."""
    letter = letters.get(f"{DeadLetterKind.CALLBACK}.{execution_id}")
    if letter is not None and letter.status in OPEN:
        close(letters, letter, DeadLetterStatus.RESOLVED)


def get(letters: DeadLetters, letter_id: str) -> DeadLetter:
    """Raises NotFound."""
    letter = letters.get(letter_id)
    if letter is None:
        raise NotFound(f"there is no dead letter {letter_id}")
    return letter


def page(
    letters: DeadLetters,
    status: DeadLetterStatus | None,
    kind: DeadLetterKind | None,
    after: str | None,
    limit: int,
) -> Sequence[DeadLetter]:
    """Those of that status and kind, in the reverse order of their ids."""
    return letters.page(status, kind, after, limit)


def by_status(letters: DeadLetters) -> Mapping[DeadLetterStatus, int]:
    """How many there are of each status that has any."""
    return {status: total for status, total in letters.count().items() if total}


def merge(letters: DeadLetters, clock: Clock, failure: DeadLetter) -> None:
    """Insert the letter, or count the failure on the letter that exists."""
    while not letters.put(failure):
        known = letters.get(failure.id)
        if known is not None and letters.update(known, _again(clock, known, failure)):
            return


def close(letters: DeadLetters, letter: DeadLetter, status: DeadLetterStatus) -> None:
    letters.update(letter, replace(letter, status=status, next_retry_at=None))


def next_retry(clock: Clock, *, retries: int) -> Time:
    """When to retry a letter after this many retries."""
    pause = back_off(BACK_OFF_SECONDS, retries + 1, MAX_BACK_OFF_SECONDS)
    return in_seconds(clock, pause)


def _letter(
    clock: Clock,
    letter_id: str,
    kind: DeadLetterKind,
    origin: str,
    error: str,
    *,
    execution_id: str | None = None,
    payload: str | None = None,
    traceback: str | None = None,
) -> DeadLetter:
    now = clock()
    return DeadLetter(
        id=letter_id,
        kind=kind,
        status=DeadLetterStatus.WAITING,
        origin=origin,
        execution_id=execution_id,
        payload=payload,
        error=error[:ERROR_CHARACTERS],
        attempts=1,
        retries=0,
        first_failed_at=now,
        last_failed_at=now,
        next_retry_at=next_retry(clock, retries=0),
        traceback=traceback,
    )


def _merge_or_park(ports: Ports, letter: DeadLetter) -> None:
    try:
        merge(ports.store.dead_letters, ports.clock, letter)
    except StoreUnavailable:
        ports.parking.park(letter)


def _again(clock: Clock, known: DeadLetter, failure: DeadLetter) -> DeadLetter:
    counted = replace(
        known,
        attempts=known.attempts + failure.attempts,
        error=failure.error,
        traceback=failure.traceback,
        execution_id=failure.execution_id,
        last_failed_at=failure.last_failed_at,
    )
    if known.status not in _WAS_RETRIED:
        return counted
    if failure.next_retry_at is None:
        return replace(counted, status=failure.status, next_retry_at=None)
    return replace(
        counted,
        status=DeadLetterStatus.WAITING,
        next_retry_at=next_retry(clock, retries=known.retries),
    )
