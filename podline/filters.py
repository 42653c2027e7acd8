"""Which executions a list shows, or a call changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from podline.arguments import moment
from podline.errors import InvalidArgument

BulkAction = Literal["cancel", "retry", "delete"]


class ExecutionFilter(TypedDict, total=False):
    """Keyword arguments of `Client.list`, `cancel_all` and others. All that are given must match.

    None means any.
    """

    state: str | None
    outcome: str | None
    language: str | None
    priority: str | None
    labels: Mapping[str, str] | None
    batch: str | None
    """The id of a batch."""
    ids: Sequence[str] | None
    """One of these: at least 1, at most 200."""
    owner: str | None
    """Another owner, or `*` for all. Needs the operator role."""
    since: datetime | None
    """Submitted at that time or later. Without a time zone, it is local time."""
    until: datetime | None
    """Submitted earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDone:
    """What one call has done."""

    done: int
    """Without those that were changed by a request which failed, and which the client repeated."""
    skipped: int
    remaining: int
    """How many still match, counted up to 1,000."""


def query_of(filter: ExecutionFilter) -> list[tuple[str, str]]:
    """Return the filter as a query."""
    selection = selection_of(filter)
    query = []
    for name, value in selection.items():
        values = value if isinstance(value, list) else [value]
        query += [(name, str(each)) for each in values]
    return query


def selection_of(filter: ExecutionFilter) -> dict[str, object]:
    """Return the filter as a JSON body."""
    given: dict[str, object] = {
        name: value
        for name, value in filter.items()
        if value is not None and name not in ("labels", "ids", "since", "until")
    }
    if (ids := filter.get("ids")) is not None:
        given["id"] = _some(ids)
    for name, sent in (("since", "from"), ("until", "to")):
        time = filter.get(name)
        if isinstance(time, datetime):
            given[sent] = moment(time)
    if labels := filter.get("labels"):
        given["label"] = [f"{name}:{value}" for name, value in labels.items()]
    return given


def _some(ids: Sequence[str]) -> list[str]:
    """A query without ids would select all executions."""
    if not ids:
        raise InvalidArgument("ids must be a list with at least one id")
    return list(ids)
