"""Responses of Judge0: JSON, its error form, and empty ones where it refuses a key."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import Response
from werkzeug.exceptions import BadRequest

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


def answered(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, mimetype="application/json")


def empty(status: int) -> Response:
    response = Response(status=status)
    response.headers.remove("Content-Type")
    return response


def error(text: str, status: int) -> Response:
    return answered({"error": text}, status)


def failed(problem: Problem, _path: str) -> Response:
    """A quota that is used up is Judge0's full queue."""
    if problem.status in _NO_BODY:
        return empty(problem.status)
    if problem.type.endswith(_QUOTA):
        return error(QUEUE_IS_FULL, 503)
    return error(problem.detail or problem.title, problem.status)


def streamed(name: str, items: Iterable[object], **rest: Any) -> Response:
    """An object with a long list, of which one item is in memory at a time."""

    def pieces() -> Iterator[str]:
        yield f'{{"{name}": ['
        for index, item in enumerate(items):
            yield ("," if index else "") + json.dumps(item)
        yield "]" + "".join(f', "{key}": {json.dumps(value)}' for key, value in rest.items()) + "}"

    return Response(pieces(), mimetype="application/json")
