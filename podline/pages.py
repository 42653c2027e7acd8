"""Paginated lists: `{"items": [...], "next_cursor": ...}`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from podline.connection import Connection, Query
from podline.decoding import decode
from podline.errors import ProtocolError

T = TypeVar("T")


def pages(connection: Connection, path: str, cls: type[T], query: Query = ()) -> Iterator[T]:
    """Yield every item, and fetch each page when it is needed."""
    cursor: str | None = None
    while True:
        continued = [("cursor", cursor)] if cursor else []
        page = _page(connection.request("GET", path, query=[*query, *continued]), path)
        for item in _items(page, path):
            yield decode(cls, item)
        if not (next_cursor := page.get("next_cursor")):
            return
        if not isinstance(next_cursor, str) or next_cursor == cursor:
            raise ProtocolError(f"{path} returned an invalid cursor, or the same again")
        cursor = next_cursor


def items(connection: Connection, path: str, cls: type[T], query: Query = ()) -> tuple[T, ...]:
    """Return all items of a short list."""
    return tuple(pages(connection, path, cls, query))


def _page(answer: object, path: str) -> Mapping[str, object]:
    if isinstance(answer, Mapping):
        return answer
    raise ProtocolError(f"{path} did not return a page")


def _items(page: Mapping[str, object], path: str) -> Sequence[object]:
    if isinstance(found := page.get("items"), list):
        return found
    raise ProtocolError(f"{path} did not return a page")
