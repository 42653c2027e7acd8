"""What clients send, except submissions (`submission`): bodies and queries."""

import re
from datetime import UTC, date, datetime, timedelta
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
from app.api.validation import BY_VALUE, Sent
from app.domain.api_key import OWNER_NAME, KeyLimits, Role
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import Outcome, State, Time, event_type
from app.domain.filters import EventFilter, ExecutionFilter
from app.domain.minutes import KEPT_MINUTES
from app.domain.rate import rate_of
from app.domain.replay import MAX_EXECUTIONS, ReplayMode
from app.door_names import DoorName

MAX_WAIT_SECONDS = 60
DEFAULT_PAGE = 50
MAX_PAGE = 200
EVENT_TYPES: Final = [event_type(state) for state in State]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Wait(Sent):
    wait: float | None = Field(
        default=None,
        ge=0,
        le=MAX_WAIT_SECONDS,
        allow_inf_nan=False,
        description="Respond once it is terminal, or after this many seconds.",
    )


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _label(given: str) -> str:
    if given.find(":") < 1:
        raise PydanticCustomError("label", "must be name:value, such as course:cs101")
    return given


Label = Annotated[
    str, AfterValidator(_label), WithJsonSchema({"type": "string", "pattern": "^[^:]+:"})
]
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE)]


def _time(given: object) -> Time:
    try:
        moment = datetime.fromisoformat(str(given))
        since_epoch = moment - _EPOCH
        # In UTC, as it will be shown, its year may be none of 1 to 9999.
        moment.astimezone(UTC)
        return since_epoch // timedelta(microseconds=1)
    except (ValueError, TypeError, OverflowError):
        raise PydanticCustomError(
            "time", "must be a time with its zone (RFC 3339), such as 2026-01-02T03:04:05Z"
        ) from None


RequestedTime = Annotated[
    Time, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]


class ExecutionSelection(Sent):
    """Which executions: all that match every given field."""

    state: State | None = None
    outcome: Outcome | None = None
    language: str | None = None
    label: Annotated[list[Label], BeforeValidator(_as_list), UpTo("labels")] = Field(
        default=[], description="`name:value`; may be repeated, and all must match."
    )
    batch: str | None = Field(default=None, description="The id of a batch.")
    owner: str | None = Field(
        default=None,
        description="Another owner, or `*` for all owners; needs the role operator.",
    )
    from_: RequestedTime | None = Field(
        default=None, alias="from", description="Submitted at that time or later."
    )
    to: RequestedTime | None = Field(default=None, description="Submitted earlier.")

    def to_domain(self) -> ExecutionFilter:
        labels = (label.partition(":") for label in self.label)
        return ExecutionFilter(
            owner=self.owner,
            state=self.state,
            outcome=self.outcome,
            language=self.language,
            labels={name: value for name, _, value in labels} or None,
            batch=self.batch,
            since=self.from_,
            until=self.to,
        )


class ExecutionQuery(ExecutionSelection):
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the previous page.")


class BulkSelection(ExecutionSelection):
    """Which executions to cancel, retry or delete."""

    state: Annotated[State, BY_VALUE] | None = None
    outcome: Annotated[Outcome, BY_VALUE] | None = None
    dry_run: bool = Field(default=False, description="Only count; change nothing.")


def _event_type(given: str) -> str:
    if given not in EVENT_TYPES:
        raise PydanticCustomError("event_type", f"must be one of {', '.join(EVENT_TYPES)}")
    return given


EventType = Annotated[
    str, AfterValidator(_event_type), WithJsonSchema({"type": "string", "enum": EVENT_TYPES})
]


class EventQuery(Sent):
    from_: RequestedTime | None = Field(default=None, alias="from", description="Inclusive.")
    to: RequestedTime | None = Field(default=None, description="Exclusive.")
    type: Annotated[list[EventType], BeforeValidator(_as_list), UpTo(MAX_PAGE)] = Field(
        default=[], description="May be repeated, and one must match."
    )
    execution: Annotated[list[str], BeforeValidator(_as_list), UpTo(MAX_PAGE)] = Field(
        default=[], description="An execution's id; may be repeated."
    )
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the previous page.")

    def to_domain(self) -> EventFilter:
        return EventFilter(
            since=self.from_,
            until=self.to,
            types=frozenset(self.type),
            executions=frozenset(self.execution),
        )


def _day(given: object) -> date:
    try:
        if len(str(given)) == len("2026-01-02"):
            return date.fromisoformat(str(given))
    except ValueError:
        pass
    raise PydanticCustomError("day", "must be a day, such as 2026-01-02")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class UsageQuery(Sent):
    from_: Day | None = Field(
        default=None, alias="from", description="Inclusive; by default, 30 days in all."
    )
    to: Day | None = Field(default=None, description="Inclusive; by default, today (UTC).")
    owner: str | None = Field(
        default=None, description="Another owner's usage; needs the role operator."
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


class OverviewQuery(Sent):
    minutes: Annotated[int, Field(ge=1, le=KEPT_MINUTES)] = 60


class ReplayQuery(Sent):
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class DeadLetterQuery(Sent):
    status: DeadLetterStatus | None = None
    kind: DeadLetterKind | None = None
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class DeadLetterSelection(Sent):
    """Which dead letters to retry."""

    status: Annotated[DeadLetterStatus, BY_VALUE] | None = None
    kind: Annotated[DeadLetterKind, BY_VALUE] | None = None
    limit: PageSize = DEFAULT_PAGE


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


class NewKey(Sent):
    """A key to be made."""

    name: KeyName = Field(
        description="The owner; keys with the same name belong to the same owner."
    )
    role: Annotated[Role, BY_VALUE] = Role.USER
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

    def limits(self) -> KeyLimits:
        return KeyLimits(
            max_unfinished=self.max_unfinished, requests=self.requests, cpu_day=self.cpu_day
        )
