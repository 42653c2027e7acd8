"""Paginated lists: `{"items": [...], "next_cursor": ...}`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final, TypeVar

from podline.connection import Connection, Query
from podline.deadline import Deadline
from podline.decoding import decode
from podline.errors import ProtocolError, Unavailable, Unreachable
from podline.patience import Patience

T = TypeVar("T")

_ASK_AGAIN: Final = 1.0
"""Seconds between two requests at the end of what is followed."""


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


async def followed(
    connection: Connection, path: str, cls: type[T], query: Query, *, timeout: float | None
) -> AsyncGenerator[T, None]:
    """Yield every item, and then each new one, until the service is down for some time."""
    position: list[tuple[str, str]] = []
    patience = Patience(connection)
    while True:
        try:
            answer = await connection.request(
                "GET", path, query=[*query, *position], deadline=Deadline.of_call(timeout)
            )
        except (Unreachable, Unavailable) as error:
            await patience.use(error)
            continue
        patience.restore()
        page = _page(answer, path)
        for item in _items(page, path):
            yield decode(cls, item)
        if not page.get("next_cursor"):
            await connection.sleep(_ASK_AGAIN)
        if not isinstance(reached := page.get("position"), str):
            raise ProtocolError(f"{path} is that of an older service, which can't be followed")
        position = [("cursor", reached)]


def _page(answer: object, path: str) -> Mapping[str, object]:
    if isinstance(answer, Mapping):
        return answer
    raise ProtocolError(f"{path} did not return a page")


def _items(page: Mapping[str, object], path: str) -> Sequence[object]:
    if isinstance(found := page.get("items"), list):
        return found
    raise ProtocolError(f"{path} did not return a page")
