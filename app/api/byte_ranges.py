"""Responses that are bytes, of which a client may ask for a range (RFC 9110, 14)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

TEXT: Final = "text/plain"
OCTETS: Final = "application/octet-stream"
ANSWERS: Final = {200: (TEXT, OCTETS), 206: (TEXT, OCTETS), 304: None}
"""Of an operation that returns bytes, which also has the error 416."""
SENDS: Final = {
    200: ("ETag", "Accept-Ranges"),
    206: ("ETag", "Accept-Ranges", "Content-Range"),
    304: ("ETag",),
}
REQUEST_HEADERS: Final = ("Range", "If-Range", "If-None-Match")


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that never change under their name."""

    name: str
    """Which contents, and which version of them; the entity tag is made of it."""
    size: int
    read: Callable[[int, int], Iterable[bytes]]
    """Takes where to start, and how many bytes to return."""
    media_type: str = OCTETS


def media_type_of(content: bytes) -> str:
    """Text if it is UTF-8, otherwise octets."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return OCTETS
    return TEXT


def respond(content: Content) -> Response:
    """The whole, or the range that the request asks for.

    A request for several ranges gets the whole, which RFC 9110 allows. Raises
    RequestedRangeNotSatisfiable.
    """
    start, size = _range(content)
    response = Response(content.read(start, size), mimetype=content.media_type)
    response.content_length = size
    response.accept_ranges = "bytes"
    response.set_etag(content.name)
    if request.if_none_match.contains_weak(content.name):
        response.status_code, response.response = 304, []
        del response.headers["Content-Length"], response.headers["Content-Type"]
    elif size < content.size or _is_asked_for(content):
        response.status_code = 206
        response.content_range.set(start, start + size, content.size)
    return response


def _is_asked_for(content: Content) -> bool:
    """Whether one range is asked for, of this version."""
    if request.if_none_match.contains_weak(content.name):
        return False  # It comes first (13.2.2), also before a range that can't be satisfied.
    asked, condition = request.range, request.if_range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return False
    if condition.date is not None or request.headers.get("If-Range", "").startswith("W/"):
        return False
    return condition.etag in (None, content.name)


def _range(content: Content) -> tuple[int, int]:
    """Where to start, and how many bytes."""
    if not _is_asked_for(content):
        return 0, content.size
    asked = request.range
    assert asked is not None, "it is asked for"
    ((first, _),) = asked.ranges
    if first < 0 < content.size:  # The last bytes, or all if there are fewer.
        start = max(content.size + first, 0)
        return start, content.size - start
    found = asked.range_for_length(content.size)
    if found is None:
        raise RequestedRangeNotSatisfiable(content.size)
    start, stop = found
    return start, stop - start
