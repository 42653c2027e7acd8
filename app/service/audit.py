"""The audit log. A record is stored before anything is done, and again with what became of it.

So nothing is done that could not be recorded.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ulid import ULID

from app.domain.audit import (
    CLI,
    Actor,
    AuditOutcome,
    AuditRecord,
    Details,
    begun,
    bounded_all,
    outcome_of,
)
from app.domain.errors import StoreUnavailable
from app.domain.execution import SECOND, Time
from app.ports import AuditLog, Clock, EventLog, RequestCounts

BATCH: Final = 200
"""Records that one call tells the event log."""
REFUSED_SIGN_INS: Final = 10
"""As many of an hour are recorded: enough to show that there are some, and 87,600 in a year."""
_HOUR_SECONDS: Final = 3600

log = logging.getLogger(__name__)


def begin(
    records: AuditLog,
    clock: Clock,
    actor: Actor,
    action: str,
    target: Details,
    request_id: str | None = None,
) -> AuditRecord:
    """Record what is about to be done. Raises StoreUnavailable; then it must not be done."""
    now = clock()
    record = begun(_id_at(now), now, actor, action, target, request_id)
    records.put(record)
    return record


def end(records: AuditLog, clock: Clock, record: AuditRecord, status: int, more: Details) -> None:
    """Record the status of the response, and what is known about the target by now.

    If the database fails here, the record stays as it was begun.
    """
    ended = replace(
        record,
        outcome=outcome_of(status),
        status=status,
        target=bounded_all({**record.target, **more}),
        relay_at=clock(),
    )
    try:
        records.put(ended)
    except StoreUnavailable as error:
        log.error("the end of %s is not in the audit log: %s", record.id, error)


def done_here(records: AuditLog, clock: Clock, action: str, target: Details) -> None:
    """Record what a command on this machine has done. Raises StoreUnavailable."""
    now = clock()
    record = begun(_id_at(now), now, Actor(address=CLI), action, target, None)
    records.put(replace(record, outcome=AuditOutcome.SUCCEEDED, relay_at=now))


def records_refused_sign_in(counts: RequestCounts, clock: Clock) -> bool:
    """Whether this one is among the first of its hour. Each call counts one."""
    hour = clock() // (_HOUR_SECONDS * SECOND)
    counted = counts.count("refused sign-ins", f"h{hour}", _HOUR_SECONDS, ahead=1)
    return counted <= REFUSED_SIGN_INS


def _id_at(now: Time) -> str:
    """Its time is that of the record, by which retention removes it."""
    return str(ULID.from_timestamp(now / SECOND))


def page(records: AuditLog, before: str | None, limit: int) -> Sequence[AuditRecord]:
    """Records, newest first."""
    return records.page(before, limit)


def relay(records: AuditLog, event_log: EventLog, clock: Clock) -> None:
    """Deliver due records to the event log, at least once. Raises EventLogUnavailable.

    A log that refuses a record never gets it: the record stays here.
    """
    due = records.due(clock(), BATCH)
    if not due:
        return
    for each in event_log.append([record.event for record in due]):
        log.error("the event log refuses the audit record %s: %s", each.event.id, each.reason)
    for record in due:
        records.mark_relayed(record)
