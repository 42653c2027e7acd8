"""What each mode does with a slice of events. Repeating a slice has the same effect.

Each mode returns, for every item, None if it was done, and otherwise why it was skipped.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from ulid import ULID

from app.domain.audit import AUDIT_EVENT
from app.domain.errors import (
    DoesNotFollow,
    InvalidTarget,
    StoreIsNewer,
    StoreUnavailable,
    TargetUnavailable,
)
from app.domain.execution import SECOND, Event, Execution
from app.domain.idempotency import IdempotencyRecord
from app.domain.rebuild import FIRST_VERSION, rebuilt
from app.domain.replay import Replay, ReplayMode, Skipped
from app.ports import Ports, Store
from app.service.capacity import capacity_of
from app.service.submit import enqueue

Ends: TypeAlias = Sequence[Skipped | None]

CLAIM_SECONDS: Final = 30 * 24 * 3600
"""Longer than any replay takes. After this an execution is counted again, but not submitted."""


def reemit(ports: Ports, replay: Replay, events: Sequence[Event]) -> Ends:
    """Deliver the events. A slice that is repeated delivers them again, with the same ids."""
    if events and not replay.dry_run:
        ports.event_log.reemit(_target(replay), replay.id, events)
    return [None] * len(events)


def rebuild(ports: Ports, replay: Replay, events: Sequence[Event]) -> Ends:
    """Write the rows as these events left them. Events that a row already has count as done."""
    events = _of_executions(events)
    if not events:
        return []
    of_execution: dict[str, list[Event]] = {}
    for event in events:
        of_execution.setdefault(event.execution_id, []).append(event)
    if replay.dry_run:
        return [end for group in of_execution.values() for end in _foreseen(ports, replay, group)]
    try:
        with ports.databases.open(_target(replay)) as target:
            # Addresses can differ and mean one database; only our own has this replay.
            if target.replays.get(replay.id) is not None:
                raise InvalidTarget("must not be the service's own database")
            return [e for group in of_execution.values() for e in _rebuild(target, replay, group)]
    except StoreIsNewer as error:
        raise InvalidTarget("was written by a newer release of Podline") from error
    except StoreUnavailable as error:
        raise TargetUnavailable(str(error)) from error


def resubmit(ports: Ports, replay: Replay, events: Sequence[Event]) -> Ends:
    """Submit each execution again, once, however many of its events there are."""
    if not replay.dry_run:
        capacity_of(ports).take()
    once = {event.id: event for event in _of_executions(events)}.values()
    return [_resubmit(ports, replay, e.execution_id) for e in once if _is_first(ports, replay, e)]


WORK: Final[Mapping[ReplayMode, Callable[[Ports, Replay, Sequence[Event]], Ends]]] = {
    ReplayMode.REEMIT: reemit,
    ReplayMode.REBUILD: rebuild,
    ReplayMode.RESUBMIT: resubmit,
}


def _of_executions(events: Sequence[Event]) -> list[Event]:
    """Those of the audit log belong to none."""
    return [event for event in events if event.type != AUDIT_EVENT]


def _target(replay: Replay) -> str:
    assert replay.target is not None, "only resubmit has none"
    return replay.target


def _rebuild(target: Store, replay: Replay, events: Sequence[Event]) -> Ends:
    """Events of one execution, in order."""
    while True:
        row = target.executions.get(events[0].execution_id)
        if row is not None and row.rebuilt_at is None:
            return [Skipped.NOT_REBUILT] * len(events)
        row, new = _applied(row, events, replay)
        # If it is not written, another replay wrote the same row meanwhile.
        if row is None or not new or target.executions.put_rebuilt(row, new):
            version = 0 if row is None else row.version
            return [None if e.version <= version else Skipped.INCOMPLETE for e in events]


def _applied(
    row: Execution | None, events: Sequence[Event], replay: Replay
) -> tuple[Execution | None, list[Event]]:
    """The row after all events that follow from it, and these events."""
    applied = []
    for event in events:
        try:
            row = rebuilt(row, event, replay.created_at)
        except DoesNotFollow:
            continue
        applied.append(event)
    return row, applied


def _foreseen(ports: Ports, replay: Replay, events: Sequence[Event]) -> Ends:
    """A row can be rebuilt if the first event of the execution that matched is its very first."""
    claim = _claim(ports, replay, events[0].execution_id, mark=f"{events[0].version}")
    complete = claim.body_hash == f"{FIRST_VERSION}"
    return [None if complete else Skipped.INCOMPLETE] * len(events)


def _resubmit(ports: Ports, replay: Replay, execution_id: str) -> Skipped | None:
    new_id = _resubmitted_id(replay, execution_id)
    if ports.store.executions.get(new_id) is not None:
        return None
    execution = ports.store.executions.get(execution_id)
    if execution is None:
        return Skipped.GONE
    submission = ports.store.executions.submission(execution_id)
    if submission is None:
        return Skipped.NO_PROGRAM
    if not replay.dry_run:
        enqueue(ports, new_id, execution.owner, submission, retry_of=execution)
    return None


def _is_first(ports: Ports, replay: Replay, event: Event) -> bool:
    """Whether the event is the first of its execution in this replay. The answer never changes.

    It depends on the event and not on the slice, because a log may be divided into other slices
    next time, but keeps the events of an execution in order.
    """
    return _claim(ports, replay, event.execution_id, mark=event.id).body_hash == event.id


def _claim(ports: Ports, replay: Replay, execution_id: str, mark: str) -> IdempotencyRecord:
    """The first mark that the replay set on this execution."""
    now = ports.clock()
    record = IdempotencyRecord(
        key_hash=_digest("replay", replay.id, execution_id).hex(),
        body_hash=mark,
        execution_id=_resubmitted_id(replay, execution_id),
        expires_at=now + CLAIM_SECONDS * SECOND,
    )
    return ports.store.idempotency.fix(record, now)


def _resubmitted_id(replay: Replay, execution_id: str) -> str:
    """The same id each time, so that nothing is submitted twice, with the replay's time."""
    time = ULID.from_str(replay.id).bytes[:6]
    return str(ULID.from_bytes(time + _digest(replay.id, execution_id)[:10]))


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
