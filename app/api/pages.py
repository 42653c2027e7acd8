"""Lists in pages, newest first. Each page starts at the previous page's cursor."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Annotated, Final, Protocol, TypeVar

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.domain.errors import FieldProblem, InvalidRequest

_URL_SAFE: Final = b"-_"
_NO_CURSOR: Final = "is not the next_cursor of a page: start without a cursor"


class HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


def _from_cursor(cursor: str) -> str:
    try:
        return b64decode(cursor, _URL_SAFE, validate=True).decode()
    except ValueError:
        raise PydanticCustomError("cursor", _NO_CURSOR) from None


Cursor = Annotated[str, AfterValidator(_from_cursor)]
"""Becomes the id, or the position in the event log, that it stands for."""


def to_cursor(position: str) -> str:
    return b64encode(position.encode(), _URL_SAFE).decode()


def no_cursor() -> InvalidRequest:
    return InvalidRequest([FieldProblem("/cursor", _NO_CURSOR, "query")])


def page(found: Sequence[T], limit: int) -> tuple[Sequence[T], str | None]:
    """At most `limit` items, and the cursor of the next page."""
    if len(found) <= limit:
        return found, None
    items = found[:limit]
    return items, to_cursor(items[-1].id)
