"""Errors in the forms that clients of SandboxFusion and of NeMo Skills read."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from flask import Response
from pydantic import ValidationError

from app.api.doors.json_response import json_response
from app.api.problems import Problem

Detail: TypeAlias = dict[str, Any]

_TRY_LATER: Final = frozenset({408, 429, 503, 504})
_GATEWAY_TIMEOUT: Final = 504
"""The only status after which verl sends a request again."""
_INVALID: Final = 422
_MAX_NAME: Final = 200
"""Characters."""
_BUG: Final = 500
NEMO_PATHS: Final = ("/execute", "/sessions", "/health")
_TEXTS: Final = {404: "Not Found", 405: "Method Not Allowed"}
"""What FastAPI says."""


class InvalidBody(Exception):
    """Holds what is wrong, as FastAPI lists it."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__(f"{len(details)} errors")
        self.details = details


def detail(at: Iterable[str | int], message: str, kind: str = "value_error") -> Detail:
    """One error. FastAPI also repeats the input, which can be large."""
    place = [cut(each) if isinstance(each, str) else each for each in at]
    return {"type": kind, "loc": ["body", *place], "msg": message}


def cut(name: str) -> str:
    """A response must not repeat a name of a megabyte."""
    return name if len(name) <= _MAX_NAME else name[:_MAX_NAME] + "…"


def of_types(error: ValidationError) -> InvalidBody:
    """What pydantic, and so FastAPI, says of wrong types."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    return InvalidBody([detail(each["loc"], each["msg"], each["type"]) for each in errors])


def invalid(error: InvalidBody) -> Response:
    return json_response({"detail": error.details}, _INVALID)


def failed(problem: Problem, path: str) -> Response:
    """The response to a failed request for that path."""
    said = _TEXTS.get(problem.status) or problem.detail or problem.title
    status = _status(problem.status)
    if path.startswith(NEMO_PATHS):
        return in_words(said, status)
    if status == _INVALID:
        return invalid(InvalidBody([detail((), said, "json_invalid")]))
    if status == _BUG:
        # SandboxFusion shows its own traceback; ours is in the log, under the request's id.
        return json_response({"detail": said, "traceback": []}, status)
    return json_response({"detail": said}, status)


def _status(ours: int) -> int:
    if ours in _TRY_LATER:
        return _GATEWAY_TIMEOUT
    return _INVALID if ours == 400 else ours


def in_words(said: str, status: int) -> Response:
    """NeMo Skills' client reads the same fields whatever the status, and a model reads stderr."""
    timed_out = status == _GATEWAY_TIMEOUT
    return json_response(
        {
            "error": said,
            "process_status": "timeout" if timed_out else "error",
            "stdout": "",
            "stderr": f"{said}\n",
        },
        status,
    )
