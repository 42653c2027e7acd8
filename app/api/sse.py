"""Server-sent events (HTML Living Standard, 9.2) of one execution."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final

from flask import Response
from pydantic_core import to_json

from app.api import representation
from app.service.stream_items import (
    Ended,
    Heartbeat,
    Item,
    Printed,
    ResultStored,
    StateChanged,
    StreamPosition,
)

MEDIA_TYPE: Final = "text/event-stream"

_BEGIN: Final = b"retry: 1000\n\n"
"""Makes the server send the headers, so that the client knows that it is connected."""
_HEARTBEAT: Final = b": heartbeat\n\n"


def response(items: Iterable[Item]) -> Response:
    """Send the items as they come. A header tells proxies not to buffer."""
    return Response(
        _encoded(items),
        mimetype=MEDIA_TYPE,
        headers={"X-Accel-Buffering": "no"},
    )


def _encoded(items: Iterable[Item]) -> Iterator[bytes]:
    yield _BEGIN
    for item in items:
        yield _encode(item)


def _encode(item: Item) -> bytes:
    match item:
        case Heartbeat():
            return _HEARTBEAT
        case StateChanged(position, event):
            data = event.data
            told = {name: data[name] for name in ("state", "version", "attempt", "message")}
            return _event("state", position, told | {"time": representation.moment(event.time)})
        case Printed(position, stream, content):
            where = {"attempt": position.attempt, "offset": item.offset}
            return _event(stream, position, {**where, **_content(content)})
        case ResultStored(position, execution, result):
            shown = representation.execution(execution, result)
            return _event("result", position, shown.model_dump(mode="json"))
        case Ended(position, state):
            return _event("end", position, {"state": state})


def _content(content: bytes) -> dict[str, str]:
    try:
        return {"content": content.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"content": b64encode(content).decode("ascii"), "encoding": "base64"}


def _event(name: str, position: StreamPosition, data: dict[str, object]) -> bytes:
    """The JSON has no line breaks, so it needs one `data` line."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (
        name.encode(),
        str(position).encode(),
        to_json(data),
    )
