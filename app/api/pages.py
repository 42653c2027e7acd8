"""Lists in pages, newest first. Each page starts at the previous page's cursor."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from app.api.problems import InvalidQuery
from app.domain.errors import FieldProblem

_URL_SAFE: Final = b"-_"


class HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


def from_cursor(cursor: str | None) -> str | None:
    """The id or the position in the event log that a cursor stands for."""
    if cursor is None:
        return None
    try:
        return b64decode(cursor, _URL_SAFE, validate=True).decode()
    except ValueError:
        raise no_cursor() from None


def to_cursor(position: str) -> str:
    return b64encode(position.encode(), _URL_SAFE).decode()


def no_cursor() -> InvalidQuery:
    problem = FieldProblem("/cursor", "is not the next_cursor of a page: start without a cursor")
    return InvalidQuery([problem])


def page(found: Sequence[T], limit: int) -> tuple[Sequence[T], str | None]:
    """At most `limit` items, and the cursor of the next page."""
    if len(found) <= limit:
        return found, None
    items = found[:limit]
    return items, to_cursor(items[-1].id)
