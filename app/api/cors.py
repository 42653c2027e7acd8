"""Lets web pages of other origins call the API (Fetch Standard, 3.2: the CORS protocol).

Few lines for a fixed list of origins and one set of rules for all paths; a library would add
options, per path and by pattern, that would have to be kept from being used.
"""

from collections.abc import Collection
from functools import partial
from typing import Final

from flask import Flask, Response, request

from app.domain.origins import ANY

METHODS: Final = "GET, POST, PATCH, DELETE"
REQUEST_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range, X-API-Key, X-CSRF-Token"
)
SHOWN_HEADERS: Final = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, RateLimit, "
    "RateLimit-Policy, Retry-After, X-Request-Id"
)
_MAX_AGE: Final = "7200"
"""Seconds that a browser remembers the answer to a preflight; Chromium's maximum."""


def register(app: Flask, origins: Collection[str]) -> None:
    """Answer preflights of these origins, and let their pages read responses."""
    if origins:
        app.before_request(partial(_preflight, origins))
        app.after_request(partial(_allow, origins))


def open_to_all(app: Flask) -> None:
    """Let every page call the application, with any method and headers, and read responses.

    Only for applications without cookies: a page can do no more than what it knows a key for.
    """
    app.before_request(_preflight_of_any)
    app.after_request(partial(_allow, {ANY}))


def _preflight_of_any() -> Response | None:
    """Headers are repeated as they were asked for, because `*` would not allow Authorization."""
    response = _preflight({ANY})
    asked = request.headers.get("Access-Control-Request-Headers")
    if response is not None and asked is not None:
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = asked
    return response


def _preflight(origins: Collection[str]) -> Response | None:
    """It comes without credentials, so it is answered before anything asks for a key."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    response = Response(status=204)
    if _allowed(origins):
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = _MAX_AGE
    return response


def _allow(origins: Collection[str], response: Response) -> Response:
    """A page of any origin may send a key, but never the cookie of a session."""
    response.vary.add("Origin")
    allowed = _allowed(origins)
    if allowed:
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Expose-Headers"] = SHOWN_HEADERS
        if allowed != ANY:
            response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


def _allowed(origins: Collection[str]) -> str | None:
    """The request's origin, if it is listed; `*`, if any is."""
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    return origin if origin in origins else ANY if ANY in origins else None
