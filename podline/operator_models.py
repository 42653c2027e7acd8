"""Replays, dead letters and keys, as the API returns them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from podline.models import Word


class Role(Word):
    """What a key allows. Each role includes the ones before it."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


class ReplayMode(Word):
    """What a replay does with the events that match its filter."""

    REEMIT = "reemit"
    REBUILD = "rebuild"
    RESUBMIT = "resubmit"


class ReplayStatus(Word):
    """How far the service has come with a replay."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self not in (ReplayStatus.PENDING, ReplayStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay of a part of the event log. docs/replay.md describes each mode."""

    id: str
    mode: ReplayMode
    since: datetime | None = field(metadata={"name": "from"})
    until: datetime | None = field(metadata={"name": "to"})
    """Exclusive."""
    types: tuple[str, ...]
    executions: tuple[str, ...]
    target: str | None
    """With any password removed."""
    dry_run: bool
    requested_by: str
    status: ReplayStatus
    matched: Mapping[str, int]
    """How many events match the filter, by type."""
    done: int
    """In a dry run, what would be done."""
    skipped: Mapping[str, int]
    """What was skipped, by reason."""
    error: str | None
    """Why it failed, or what it waits for."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """The record of something that failed and that no other part of the service repairs."""

    id: str
    kind: str
    status: str
    origin: str
    """The task's name, or `queue:<name>` for a message that is not a task."""
    execution_id: str | None
    payload: str | None
    """Poison only: the raw message, in base64."""
    error: str
    attempts: int
    retries: int
    first_failed_at: datetime
    last_failed_at: datetime
    next_retry_at: datetime | None
    traceback: str | None = None
    """Where it was raised, innermost last; None for what was not raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who changed what: a record of the audit log."""

    id: str
    time: datetime
    key_id: str | None
    """None for what a command on the server did, and for refused sign-ins."""
    name: str | None
    """The owner of the key."""
    role: str | None
    address: str
    """The client's address as the service sees it, or `cli`."""
    forwarded_for: str | None
    """What a proxy says about that; a client can forge it."""
    action: str
    """The method and the route, or the command."""
    target: Mapping[str, object]
    """The ids in the path, and what the request named or created."""
    request_id: str | None
    outcome: str
    """begun, succeeded, refused or failed."""
    status: int | None


class KeyLimits(TypedDict, total=False):
    """Keyword arguments of `Client.keys.change`. None means the service's setting."""

    max_unfinished: int | None
    """The owner's quota of unfinished executions."""
    requests: str | None
    """Such as `10/s`."""
    cpu_day: float | None
    """CPU seconds in a day (UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key without its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    max_unfinished: int | None = None
    requests: str | None = None
    """Such as `10/s`."""
    cpu_day: float | None = None
    """CPU seconds in a day (UTC)."""
    door: str | None = None
    """The only door that it opens; None if it opens the API and all doors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(Key):
    """A new key. `key` is its secret, which the service shows only once."""

    key: str = field(repr=False)
    callback_secret: str | None = field(default=None, repr=False)
    """Signs callbacks; shown only once. None if the service can't sign them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedSecret:
    """The new secret that signs a key's callbacks, which the service shows only once."""

    callback_secret: str = field(repr=False)
    previous_valid_until: datetime
    """Until then, the previous secret signs too."""
