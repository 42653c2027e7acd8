"""Bodies and queries about executions and their usage. `submission` has submissions."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.bounds import UpTo
from app.api.pages import Cursor
from app.api.validation import BY_VALUE, Sent
from app.domain.execution import Outcome, State, Time
from app.domain.filters import ExecutionFilter
from app.domain.minutes import KEPT_MINUTES
from app.domain.submission import Priority

MAX_WAIT_SECONDS = 60
DEFAULT_PAGE = 50
MAX_PAGE = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Wait(Sent):
    wait: float | None = Field(
        default=None,
        ge=0,
        le=MAX_WAIT_SECONDS,
        allow_inf_nan=False,
        description="Respond once it is terminal, or after this many seconds.",
    )


def as_list(value: object) -> object:
    """A parameter that was given once, as one that may be repeated."""
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


def _not_before_start(end: Time, info: ValidationInfo) -> Time:
    start = info.data.get("from_")
    if start is not None and end < start:
        raise PydanticCustomError("span", "must not be before `from`")
    return end


RequestedEnd = Annotated[RequestedTime, AfterValidator(_not_before_start)]
"""The `to` of a model whose field `from_` comes before it."""


class ExecutionSelection(Sent):
    """Which executions: all that match every given field."""

    state: State | None = None
    outcome: Outcome | None = None
    language: str | None = None
    priority: Priority | None = None
    label: Annotated[list[Label], BeforeValidator(as_list), UpTo("labels")] = Field(
        default=[], description="`name:value`; may be repeated, and all must match."
    )
    batch: str | None = Field(default=None, description="The id of a batch.")
    id: Annotated[list[str] | None, BeforeValidator(as_list), UpTo(MAX_PAGE)] = Field(
        default=None, min_length=1, description="One of these executions; may be repeated."
    )
    owner: str | None = Field(
        default=None,
        description="Another owner, or `*` for all owners; needs the role operator.",
    )
    from_: RequestedTime | None = Field(
        default=None, alias="from", description="Submitted at that time or later."
    )
    to: RequestedEnd | None = Field(default=None, description="Submitted earlier.")

    def to_domain(self) -> ExecutionFilter:
        labels = (label.partition(":") for label in self.label)
        return ExecutionFilter(
            owner=self.owner,
            state=self.state,
            outcome=self.outcome,
            language=self.language,
            priority=self.priority,
            labels={name: value for name, _, value in labels} or None,
            batch=self.batch,
            ids=None if self.id is None else frozenset(self.id),
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
    priority: Annotated[Priority, BY_VALUE] | None = None
    id: Annotated[list[str] | None, UpTo(MAX_PAGE)] = Field(
        default=None, min_length=1, description="One of these executions."
    )
    dry_run: bool = Field(default=False, description="Only count; change nothing.")


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
        default=None,
        description="Another owner, or `*` for the usage of each; needs the role operator.",
    )


class OverviewQuery(Sent):
    minutes: Annotated[int, Field(ge=1, le=KEPT_MINUTES)] = 60
    step: Annotated[int, Field(ge=1, le=60)] = Field(
        default=1, description="How many minutes each item of `minutes` covers."
    )
