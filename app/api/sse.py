"""Server-sent events (HTML Living Standard, 9.2) of an execution or a batch."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeVar

from flask import Response
from pydantic_core import to_json

from app.api import representation, results
from app.domain.api_key import ApiKey
from app.service.batch_stream import (
    BatchEnded,
    BatchPosition,
    BatchStreamItem,
    ExecutionEnded,
)
from app.service.stream_items import (
    Ended,
    EndOfTest,
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


T = TypeVar("T")


def response(reader: ApiKey, items: Iterable[Item]) -> Response:
    """Send what happens to an execution as it happens."""
    return _streamed(items, partial(_encode, reader))


def batch_response(reader: ApiKey, items: Iterable[BatchStreamItem]) -> Response:
    """Send what happens in a batch as it happens."""
    return _streamed(items, partial(_encode_of_batch, reader))


def _streamed(items: Iterable[T], encode: Callable[[T], bytes]) -> Response:
    """A header asks proxies not to buffer."""
    return Response(
        _encoded(items, encode),
        mimetype=MEDIA_TYPE,
        headers={"X-Accel-Buffering": "no"},
    )


def _encoded(items: Iterable[T], encode: Callable[[T], bytes]) -> Iterator[bytes]:
    yield _BEGIN
    for item in items:
        yield encode(item)


def _encode_of_batch(reader: ApiKey, item: BatchStreamItem) -> bytes:
    match item:
        case Heartbeat():
            return _HEARTBEAT
        case ExecutionEnded(position, execution, result):
            shown = representation.execution(execution, result, reader=reader)
            return _event("execution", position, shown.model_dump(mode="json"))
        case BatchEnded(position, batch):
            return _event("end", position, {"batch_id": batch.id})


def _encode(reader: ApiKey, item: Item) -> bytes:
    match item:
        case Heartbeat():
            return _HEARTBEAT
        case StateChanged(position, event):
            data = event.data
            facts = {name: data[name] for name in ("state", "version", "attempt", "message")}
            return _event("state", position, facts | {"time": representation.moment(event.time)})
        case Printed(position, stream, content):
            where = {"attempt": position.attempt, "offset": item.offset}
            return _event(stream, position, {**where, **_content(content)})
        case EndOfTest(position, index, report):
            where = {"attempt": position.attempt, "index": index}
            return _event("test", position, {**where, **results.how_it_ended(report)})
        case ResultStored(position, execution, result):
            shown = representation.execution(execution, result, reader=reader)
            return _event("result", position, shown.model_dump(mode="json"))
        case Ended(position, state):
            return _event("end", position, {"state": state})


def _content(content: bytes) -> dict[str, str]:
    try:
        return {"content": content.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"content": b64encode(content).decode("ascii"), "encoding": "base64"}


def _event(name: str, position: StreamPosition | BatchPosition, data: dict[str, object]) -> bytes:
    """The JSON has no line breaks, so it needs one `data` line."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (
        name.encode(),
        str(position).encode(),
        to_json(data),
    )
