"""Errors as Piston's clients know them: a status and `{"message": …}`."""

from typing import Final

from flask import Response
from werkzeug.exceptions import BadRequest

from app.api.doors.json_response import json_response
from app.api.problems import NO_PATH, Problem

_INVALID: Final = frozenset({409, 410, 422})
"""Piston has only 400 for what is wrong with a request."""


class BadBody(BadRequest):
    """The body is wrong. The text is Piston's own where Piston has one."""


def failed(problem: Problem, _path: str) -> Response:
    """The response for a problem of the API."""
    if problem.detail == NO_PATH:
        return json_response({"message": "Not Found"}, 404)
    status = BadRequest.code if problem.status in _INVALID else problem.status
    return json_response({"message": problem.detail or problem.title}, status)
