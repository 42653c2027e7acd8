"""The audit log: what operators and admins changed, and those who have the machine; and sign-ins.

It never has secrets, programs, or what programs read and print.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from app.domain.api_key import ApiKey, Role
from app.domain.execution import SECOND, Event, Time

CLI: Final = "cli"
"""The source of what a command on the machine itself did."""
AUDIT_EVENT: Final = "podline.audit.recorded.v1"
"""The CloudEvents `type` of a record."""
UNENDED_SECONDS: Final = 120
"""After that time, whatever was begun and did not end is told to the event log as it is."""
_TEXT_CHARACTERS: Final = 200
_FIELDS: Final = 32

Details: TypeAlias = Mapping[str, str | int | float | bool | None]


class AuditOutcome(StrEnum):
    """What became of it."""

    BEGUN = "begun"
    """It has not ended, or its process died. What it was to change may be changed."""
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """It was invalid, forbidden, or not possible. Nothing was changed."""
    FAILED = "failed"
    """The service failed. What it was to change may be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who did what to what, from where, when, and what became of it."""

    id: str
    """A ULID, so records are in the order of time."""
    time: Time
    key_id: str | None
    """None for what was done on the machine, and for refused sign-ins."""
    name: str | None
    """The owner of the key."""
    role: Role | None
    address: str
    """The client's address as the service sees it, or `cli`."""
    forwarded_for: str | None = None
    """What a proxy says about the client's address. A client can forge it."""
    action: str
    """The method and the route, or the command."""
    target: Details = field(default_factory=dict)
    """By name: the ids in the path, and what the request names or created."""
    request_id: str | None = None
    outcome: AuditOutcome = AuditOutcome.BEGUN
    status: int | None = None
    """The status of the response."""
    relay_at: Time | None
    """When it is due for the event log; None once it is there."""

    @property
    def event(self) -> Event:
        """For the event log. What ends after it was due there as begun gets a second one."""
        due_as_begun = self.time + UNENDED_SECONDS * SECOND
        ended_late = self.outcome is not AuditOutcome.BEGUN and (self.relay_at or 0) >= due_as_begun
        version = 2 if ended_late else 1
        data = {
            "key_id": self.key_id,
            "name": self.name,
            "role": self.role,
            "address": self.address,
            "forwarded_for": self.forwarded_for,
            "action": self.action,
            "target": dict(self.target),
            "request_id": self.request_id,
            "outcome": self.outcome,
            "status": self.status,
        }
        return Event(self.id, version, AUDIT_EVENT, self.time, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something, and from where."""

    key: ApiKey | None = None
    address: str
    forwarded_for: str | None = None


def begun(
    id: str, now: Time, actor: Actor, action: str, target: Details, request_id: str | None
) -> AuditRecord:
    """A record of something that is about to happen."""
    key = actor.key
    return AuditRecord(
        id=id,
        time=now,
        key_id=key.id if key else None,
        name=key.name if key else None,
        role=key.role if key else None,
        address=bounded(actor.address),
        forwarded_for=bounded(actor.forwarded_for) if actor.forwarded_for else None,
        action=action,
        target=bounded_all(target),
        request_id=request_id,
        relay_at=now + UNENDED_SECONDS * SECOND,
    )


def outcome_of(status: int) -> AuditOutcome:
    """That of a response with this status."""
    if status < 400:
        return AuditOutcome.SUCCEEDED
    return AuditOutcome.REFUSED if status < 500 else AuditOutcome.FAILED


def bounded_all(target: Details) -> Details:
    """At most 32 facts, whose texts are bounded: anybody may have chosen them."""
    found = list(target.items())[:_FIELDS]
    return {name: bounded(v) if isinstance(v, str) else v for name, v in found}


def bounded(text: str) -> str:
    """At most 200 characters, all of which can be printed."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text[:_TEXT_CHARACTERS])
