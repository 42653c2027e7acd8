"""Responses that are bytes, of which a client may ask for a range (RFC 9110, 14)."""

import re
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
_LAST_NONE: Final = re.compile(r"bytes=\s*-0+\s*", re.IGNORECASE)
"""The last 0 bytes, which no content can satisfy (14.1.2); to Werkzeug, no range at all."""
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
    response = Response(mimetype=content.media_type)
    response.accept_ranges = "bytes"
    response.set_etag(content.name)
    # It comes first (13.2.2), also before a range that can't be satisfied.
    if request.if_none_match.contains_weak(content.name):
        response.status_code = 304
        del response.headers["Content-Length"], response.headers["Content-Type"]
        return response
    start, size = 0, content.size
    if _is_range_asked_for(content):
        start, size = _range(content.size)
        response.status_code = 206
        response.content_range.set(start, start + size, content.size)
    response.response = content.read(start, size)
    response.content_length = size
    return response


def _is_range_asked_for(content: Content) -> bool:
    """Whether one range is asked for, of this version."""
    condition = request.if_range
    if condition.date is not None or request.headers.get("If-Range", "").startswith("W/"):
        return False
    if condition.etag not in (None, content.name):
        return False
    asked = request.range
    if asked is None:
        return _LAST_NONE.fullmatch(request.headers.get("Range", "")) is not None
    return asked.units == "bytes" and len(asked.ranges) == 1


def _range(whole: int) -> tuple[int, int]:
    """Where the range begins, and how many bytes it has. Raises RequestedRangeNotSatisfiable."""
    asked = request.range
    if asked is None:
        raise RequestedRangeNotSatisfiable(whole)
    ((first, _),) = asked.ranges
    if first < 0 < whole:  # The last bytes, or all if there are fewer.
        start = max(whole + first, 0)
        return start, whole - start
    found = asked.range_for_length(whole)
    if found is None:
        raise RequestedRangeNotSatisfiable(whole)
    start, stop = found
    return start, stop - start
