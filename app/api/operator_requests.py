"""Bodies and queries about the event log, replays, dead letters and keys."""

import re
from dataclasses import replace
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from app.api.bounds import UpTo
from app.api.pages import Cursor
from app.api.requests import (
    DEFAULT_PAGE,
    MAX_PAGE,
    PageSize,
    RequestedEnd,
    RequestedTime,
    as_list,
)
from app.api.validation import BY_VALUE, Sent
from app.domain.api_key import OWNER_NAME, KeyLimits, Role
from app.domain.audit import AUDIT_EVENT
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus, LetterFilter
from app.domain.execution import State, event_type
from app.domain.filters import EventFilter
from app.domain.rate import rate_of
from app.domain.replay import MAX_EXECUTIONS, ReplayMode
from app.door_names import DoorName

EVENT_TYPES: Final = [*map(event_type, State), AUDIT_EVENT]


def _event_type(given: str) -> str:
    if given not in EVENT_TYPES:
        raise PydanticCustomError("event_type", f"must be one of {', '.join(EVENT_TYPES)}")
    return given


EventType = Annotated[
    str, AfterValidator(_event_type), WithJsonSchema({"type": "string", "enum": EVENT_TYPES})
]


class EventQuery(Sent):
    from_: RequestedTime | None = Field(default=None, alias="from", description="Inclusive.")
    to: RequestedEnd | None = Field(default=None, description="Exclusive.")
    type: Annotated[list[EventType], BeforeValidator(as_list), UpTo(MAX_PAGE)] = Field(
        default=[], description="May be repeated, and one must match."
    )
    execution: Annotated[list[str], BeforeValidator(as_list), UpTo(MAX_PAGE)] = Field(
        default=[], description="An execution's id; may be repeated."
    )
    owner: str | None = Field(default=None, description="The owner of the executions.")
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the previous page.")

    def to_domain(self) -> EventFilter:
        return EventFilter(
            since=self.from_,
            until=self.to,
            types=frozenset(self.type),
            executions=frozenset(self.execution),
            owner=self.owner,
        )


class NewReplay(Sent):
    """What of the event log is done again, and how."""

    mode: Annotated[ReplayMode, BY_VALUE] = Field(
        description="`reemit`: deliver the events to the topic `target`. `rebuild`: write the "
        "rows that they describe into the database `target`. `resubmit`: submit the program of "
        "each of their executions again; needs a filter."
    )
    from_: RequestedTime | None = Field(default=None, alias="from", description="Inclusive.")
    to: RequestedTime | None = Field(
        default=None, description="Exclusive; by default, and at the latest, now."
    )
    types: Annotated[list[EventType], UpTo(len(EVENT_TYPES))] = Field(
        default=[], description="Event types; empty for all. Not for `rebuild`."
    )
    executions: Annotated[list[str], UpTo(MAX_EXECUTIONS)] = Field(
        default=[], description="Execution ids; empty for all."
    )
    target: str | None = Field(
        default=None,
        description="A topic; or `sqlite:///<name>.db`, in the service's folder for replays, or "
        "`mongodb://<host>/<database>`. Its password is never shown.",
    )
    dry_run: bool = Field(default=False, description="Only count; change nothing.")

    def to_domain(self) -> EventFilter:
        return EventFilter(
            since=self.from_,
            until=self.to,
            types=frozenset(self.types),
            executions=frozenset(self.executions),
        )


class ReplayQuery(Sent):
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class AuditQuery(Sent):
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class DeadLetterQuery(Sent):
    status: DeadLetterStatus | None = None
    kind: DeadLetterKind | None = None
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class DeadLetterSelection(Sent):
    """Which dead letters to retry or discard."""

    status: Annotated[DeadLetterStatus, BY_VALUE] | None = Field(
        default=None, description="Null: `waiting`."
    )
    kind: Annotated[DeadLetterKind, BY_VALUE] | None = None
    limit: PageSize = DEFAULT_PAGE
    dry_run: bool = Field(default=False, description="Only count; change nothing.")

    def to_domain(self) -> LetterFilter:
        return LetterFilter(status=self.status or DeadLetterStatus.WAITING, kind=self.kind)


MAX_UNFINISHED: Final = 1_000_000_000
"""Stores hold no number of more than 64 bits; this is far more than any service runs."""


def _key_name(given: str) -> str:
    if not re.fullmatch(OWNER_NAME, given):
        raise PydanticCustomError(
            "key_name",
            "must have 1 to 63 characters: letters from A to Z and a to z, digits, and . _ @ -, "
            "of which the first is a letter or a digit",
        )
    return given


KeyName = Annotated[
    str,
    AfterValidator(_key_name),
    WithJsonSchema({"type": "string", "pattern": f"^{OWNER_NAME}$"}),
]


def _rate(given: str) -> str:
    try:
        rate_of(given)
    except ValueError:
        raise PydanticCustomError(
            "rate", "must be a number of requests per s, m, h or d, such as 10/s or 1000/h"
        ) from None
    return given


KeyRate = Annotated[
    str,
    AfterValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,8}/[smhd]$"}),
]


class ChangedLimits(Sent):
    """Limits of a key."""

    max_unfinished: int | None = Field(
        default=None,
        ge=1,
        le=MAX_UNFINISHED,
        description="The owner's quota of unfinished executions; null: the setting.",
    )
    requests: KeyRate | None = Field(
        default=None,
        description="How many requests it may make per s, m, h or d, such as `10/s`; null: the "
        "setting.",
    )
    cpu_day: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="CPU seconds that its programs may use in a day (UTC); null: the setting.",
    )

    def limits(self) -> KeyLimits:
        return KeyLimits(
            max_unfinished=self.max_unfinished, requests=self.requests, cpu_day=self.cpu_day
        )

    def over(self, limits: KeyLimits) -> KeyLimits:
        """Those that were sent, and the others as they are."""
        return replace(limits, **self.model_dump(exclude_unset=True))


class NewKey(ChangedLimits):
    """A key to be made."""

    name: KeyName = Field(
        description="The owner; keys with the same name belong to the same owner."
    )
    role: Annotated[Role, BY_VALUE] = Role.USER
    door: Annotated[DoorName, BY_VALUE] | None = Field(
        default=None,
        description="The only door that it opens, and it does not open the API; needs the role "
        "user. Null: it opens the API and all doors.",
    )

    @field_validator("door")
    @classmethod
    def _is_of_a_user(cls, door: DoorName | None, info: ValidationInfo) -> DoorName | None:
        if door is not None and info.data.get("role", Role.USER) is not Role.USER:
            raise PydanticCustomError("door_role", "needs the role user")
        return door
