"""Problem documents (RFC 9457), the form of every error response."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flask import Flask, Response, g
from pydantic import BaseModel, Field
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.exceptions import NotFound as NoPath

from app.domain.errors import (
    Conflict,
    CpuDayUsedUp,
    DiskLow,
    FieldProblem,
    Forbidden,
    Gone,
    IdempotencyMismatch,
    InvalidRequest,
    KeyDeleted,
    NotFound,
    OnlyForDoor,
    PodlineError,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    Where,
)

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


class FieldError(BaseModel):
    """One bad field, and what to do about it."""

    where: Where = Field(serialization_alias="in")
    pointer: str = Field(
        description="JSON pointer (RFC 6901) into the body, or /<name> of a parameter or header"
    )
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] | None = None
    retry_after: int | None = Field(
        default=None, description="After how many seconds to try again, as in `Retry-After`."
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What all errors of a class have in common."""

    status: int
    name: str
    title: str
    retry_after: int | None = None
    """Seconds."""


_KINDS: Final[Mapping[type[PodlineError], _Kind]] = {
    NotFound: _Kind(404, "not-found", "Not found"),
    KeyDeleted: _Kind(401, "key-deleted", "The key was deleted"),
    OnlyForDoor: _Kind(403, "only-for-door", "The key is only for a door"),
    Forbidden: _Kind(403, "forbidden", "The key's role does not allow this"),
    Conflict: _Kind(409, "conflict", "Not possible in this state"),
    Gone: _Kind(410, "gone", "Deleted"),
    IdempotencyMismatch: _Kind(
        422, "idempotency-mismatch", "Idempotency-Key used with another body"
    ),
    QuotaExceeded: _Kind(429, "quota-exceeded", "Too many unfinished executions", retry_after=5),
    RateLimited: _Kind(429, "rate-limited", "Too many requests"),
    CpuDayUsedUp: _Kind(429, "cpu-day-used-up", "The CPU seconds of today are used up"),
    DiskLow: _Kind(503, "disk-low", "The disk is nearly full", retry_after=10),
    Unavailable: _Kind(503, "unavailable", "A dependency is unavailable", retry_after=2),
}


Explained: TypeAlias = tuple[Problem, Mapping[str, str]]
"""An error, and the headers of its response."""


def register(app: Flask, respond: Callable[[Problem, Mapping[str, str]], Response]) -> None:
    """Every error of the application becomes a response, in a form such as `document`'s."""

    def handle(kind: type[Exception], explain: Callable[[Any], Explained]) -> None:
        app.register_error_handler(kind, lambda error: respond(*explain(error)))

    handle(HTTPException, _of_http)
    handle(InvalidRequest, _of_request)
    handle(PodlineError, _of_podline)
    handle(Exception, _of_bug)


NO_PATH: Final = (
    "no such path: /docs lists those of the API, and the page Operations those of doors"
)


def _of_http(error: HTTPException) -> Explained:
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    detail = NO_PATH if error.description == NoPath.description else error.description
    return Problem(title=error.name, status=error.code or 500, detail=detail), headers


def _of_request(error: InvalidRequest) -> Explained:
    problem = _invalid(error.problems)
    if all(found.where == "header" for found in error.problems):
        headers = {"type": "about:blank", "title": BadRequest().name, "status": BadRequest.code}
        problem = problem.model_copy(update=headers)
    return problem, {}


def _invalid(problems: Sequence[FieldProblem], at: str = "") -> Problem:
    errors = [FieldError(where=p.where, pointer=at + p.pointer, detail=p.detail) for p in problems]
    return Problem(
        type=_type("invalid-request"),
        title="The request is not valid",
        status=422,
        detail="; ".join(map(_in_words, errors[:3])),
        errors=errors,
    )


def in_body(error: InvalidRequest | Forbidden, at: str) -> Problem:
    """The problem document of a part of the body; `at` is the part's JSON pointer."""
    if isinstance(error, InvalidRequest):
        return _invalid(error.problems, at)
    return _known(_KINDS[Forbidden], f"{at}: {error}")


def _of_podline(error: PodlineError) -> Explained:
    kind = next((_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS), None)
    if kind is None:
        return _of_bug(error)
    # The message of an unavailable dependency may name hosts and paths: that is for the log.
    unavailable = isinstance(error, Unavailable)
    if unavailable:
        log.warning("request %s: %s: %s", g.request_id, type(error).__name__, error)
    problem = _known(kind, type(error).__doc__ if unavailable else str(error))
    after = error.retry_after if isinstance(error, RateLimited) else kind.retry_after
    if after is None:
        return problem, {}
    return problem.model_copy(update={"retry_after": after}), {"Retry-After": str(after)}


def _in_words(error: FieldError) -> str:
    return f"{error.pointer}: {error.detail}" if error.pointer else f"the body {error.detail}"


def _known(kind: _Kind, detail: str | None) -> Problem:
    return Problem(type=_type(kind.name), title=kind.title, status=kind.status, detail=detail)


def _of_bug(error: Exception) -> Explained:
    log.error("request %s failed", g.request_id, exc_info=error)
    detail = f"The service failed. Its log has the error under the request id {g.request_id}."
    return Problem(title="Internal Server Error", status=500, detail=detail), {}


def _type(name: str) -> str:
    return f"urn:podline:problem:{name}"


def document(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem document."""
    return Response(
        problem.model_dump_json(by_alias=True, exclude_none=True),
        status=problem.status,
        headers=headers,
        mimetype=MEDIA_TYPE,
    )


DELETED: Final = _known(_KINDS[Gone], "the execution was deleted")
"""In place of an execution of a batch."""
