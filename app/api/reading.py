"""Bodies and queries into their models, or into the problems with them."""

import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

from flask import g, request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, RequestURITooLarge, UnsupportedMediaType

from app.api.bounded_json import parse
from app.api.counts import UNKNOWN, check_counts
from app.api.problems import BadFields, Where
from app.domain.checks import MAX_PROBLEMS, Problems, pointer
from app.domain.errors import FieldProblem
from app.domain.policy import InputMaxima


class Sent(BaseModel):
    """What a client sends: exact types, and no field that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


MAX_QUERY_BYTES: Final = 32 * 1024
"""Room for every label or execution id that a filter can have, percent-encoded."""

_SPARE_VALUES: Final = 10_000

M = TypeVar("M", bound=BaseModel)


def read_body(model: type[M], maxima: InputMaxima) -> M:
    """Raises UnsupportedMediaType, RequestEntityTooLarge, BadRequest or BadFields."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as application/json")
    body = request.get_data(cache=False)  # Only what becomes of it outlives this function.
    try:
        sent, whole = parse(body, most_values(maxima))
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    problems = Problems()
    few = check_counts(problems, model, sent, maxima)
    if not whole and not problems:
        problems.add("", f"has more than {most_values(maxima)} values")
    if not whole or not few:
        raise BadFields("body", problems.found)
    read = _validated("body", model, sent, strict=True)
    g.body_hash = hashlib.sha256(body).hexdigest()
    return read


def most_values(maxima: InputMaxima) -> int:
    """In one body: more than any valid one has, so that most bodies learn what is wrong in them."""
    return _SPARE_VALUES + 4 * maxima.files + maxima.args + maxima.env + maxima.labels


def body_hash() -> str:
    """SHA-256 of the body that `read_body` has read, as it was sent; hex."""
    return str(g.body_hash)


def read_query(model: type[M], maxima: InputMaxima) -> M:
    """A parameter given more than once is a list, an empty one is not given.

    Raises RequestURITooLarge and BadFields.
    """
    if len(request.query_string) > MAX_QUERY_BYTES:
        raise RequestURITooLarge(f"a query can have {MAX_QUERY_BYTES} bytes")
    given = {
        name: values[0] if len(values) == 1 else values
        for name, values in request.args.lists()
        if values != [""]
    }
    problems = Problems()
    if not check_counts(problems, model, given, maxima):
        raise BadFields("query", problems.found)
    # Everything is text in a query, so numbers are read from it.
    return _validated("query", model, given, strict=False)


def _validated(where: Where, model: type[M], sent: object, *, strict: bool) -> M:
    try:
        return model.model_validate(sent, strict=None if strict else False)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise BadFields(where, _problems(errors)) from None


def _problems(errors: Iterable[ErrorDetails]) -> list[FieldProblem]:
    problems = [FieldProblem(pointer(*error["loc"]), _detail(error)) for error in errors]
    return problems[:MAX_PROBLEMS]


def _detail(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return UNKNOWN
        case "missing":
            return "is required"
        case "model_type":
            return "must be an object"
    return error["msg"]
