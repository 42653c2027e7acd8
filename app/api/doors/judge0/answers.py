"""Responses of Judge0: JSON, its error form, and empty ones where it refuses a key."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import Response
from pydantic_core import to_json
from werkzeug.exceptions import BadRequest

from app.api.doors.json_response import json_response
from app.api.problems import Problem

NOT_TEXT: Final = (
    "some attributes for this submission cannot be converted to UTF-8, "
    "use base64_encoded=true query parameter"
)
NOT_TEXTS: Final = (
    "some attributes for one or more submissions cannot be converted to UTF-8, "
    "use base64_encoded=true query parameter"
)
QUEUE_IS_FULL: Final = "queue is full"

_NO_BODY: Final = frozenset({401, 403})
_QUOTA: Final = "quota-exceeded"


class Refused(BadRequest):
    """400, with Judge0's words."""


def empty(status: int) -> Response:
    response = Response(status=status)
    response.headers.remove("Content-Type")
    return response


def error(text: str, status: int) -> Response:
    return json_response({"error": text}, status)


def failed(problem: Problem, _path: str) -> Response:
    """A quota that is used up is Judge0's full queue."""
    if problem.status in _NO_BODY:
        return empty(problem.status)
    if problem.type.endswith(_QUOTA):
        return error(QUEUE_IS_FULL, 503)
    return error(problem.detail or problem.title, problem.status)


def streamed(name: str, items: Iterable[object], **rest: Any) -> Response:
    """An object with a long list, of which one item is in memory at a time."""

    def pieces() -> Iterator[bytes]:
        yield to_json({**rest, name: []}).removesuffix(b"]}")
        for index, item in enumerate(items):
            yield (b"," if index else b"") + to_json(item)
        yield b"]}"

    return Response(pieces(), mimetype="application/json")
