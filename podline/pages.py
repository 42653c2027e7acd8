"""Paginated lists: `{"items": [...], "next_cursor": ...}`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TypeVar

from podline.connection import Connection, Query
from podline.deadline import Deadline
from podline.decoding import decode
from podline.errors import ProtocolError

T = TypeVar("T")


async def pages(
    connection: Connection,
    path: str,
    cls: type[T],
    query: Query = (),
    *,
    timeout: float | None = None,
) -> AsyncGenerator[T, None]:
    """Yield every item, and fetch each page, for up to `timeout` seconds, when it is needed."""
    cursor: str | None = None
    while True:
        continued = [("cursor", cursor)] if cursor else []
        answer = await connection.request(
            "GET", path, query=[*query, *continued], deadline=Deadline.of_call(timeout)
        )
        page = _page(answer, path)
        for item in _items(page, path):
            yield decode(cls, item)
        if not (next_cursor := page.get("next_cursor")):
            return
        if not isinstance(next_cursor, str) or next_cursor == cursor:
            raise ProtocolError(f"{path} returned an invalid cursor, or the same again")
        cursor = next_cursor


async def items(
    connection: Connection,
    path: str,
    cls: type[T],
    query: Query = (),
    *,
    timeout: float | None = None,
) -> tuple[T, ...]:
    """Return all items of a short list."""
    return tuple([item async for item in pages(connection, path, cls, query, timeout=timeout)])


def _page(answer: object, path: str) -> Mapping[str, object]:
    if isinstance(answer, Mapping):
        return answer
    raise ProtocolError(f"{path} did not return a page")


def _items(page: Mapping[str, object], path: str) -> Sequence[object]:
    if isinstance(found := page.get("items"), list):
        return found
    raise ProtocolError(f"{path} did not return a page")
