"""The headers of responses, as the OpenAPI document declares them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.api.operations import Operation

_SECONDS: Final = {"type": "integer", "minimum": 0}
_ALWAYS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "X-Request-Id": ("Yours, or a new one: the service's log has it.", {"type": "string"}),
    "Location": ("The path of what was created.", {"type": "string"}),
    "Retry-After": ("After how many seconds to try again.", _SECONDS),
    "WWW-Authenticate": ("How to send a key.", {"type": "string"}),
    "ETag": ("Changes if the content does.", {"type": "string"}),
    "Accept-Ranges": ("Ranges of bytes can be requested.", {"const": "bytes"}),
    "Content-Range": ("Which bytes of how many.", {"type": "string", "pattern": "^bytes "}),
    "Content-Disposition": ("A name to save it under.", {"type": "string"}),
    "Set-Cookie": ("Begins or ends the session.", {"type": "string"}),
}
_WITH_A_RATE: Final = {
    "RateLimit-Policy": "How many requests (`q`) the key may make in how many seconds (`w`).",
    "RateLimit": "How many requests are left (`r`) for how many seconds (`t`).",
}
"""Only sent if the key has a rate."""

DECLARED: Final[Mapping[str, Mapping[str, Any]]] = {
    **{
        name: {"description": description, "required": True, "schema": schema}
        for name, (description, schema) in _ALWAYS.items()
    },
    **{
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in _WITH_A_RATE.items()
    },
}

_OF_PROBLEMS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def of(operation: Operation, status: int) -> Iterator[str]:
    """The headers of a response with this status."""
    yield "X-Request-Id"
    if operation.role is not None:
        yield from _WITH_A_RATE
    if status in operation.answers:
        yield from operation.sends.get(status, ())
    else:
        yield from _OF_PROBLEMS.get(status, ())
