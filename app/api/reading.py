"""Bodies and queries into their models, or into the problems with them."""

import hashlib
from collections.abc import Iterable
from typing import TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.api.problems import BadFields
from app.domain.checks import MAX_PROBLEMS, pointer
from app.domain.errors import FieldProblem


class Sent(BaseModel):
    """What a client sends: exact types, and no field that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


M = TypeVar("M", bound=BaseModel)


def read_body(model: type[M]) -> M:
    """Raises UnsupportedMediaType, RequestEntityTooLarge, BadRequest or BadFields."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as application/json")
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            raise BadRequest(errors[0]["msg"]) from None
        raise BadFields("body", _problems(errors)) from None


def body_hash() -> str:
    """SHA-256 of the body as it was sent, hex."""
    return hashlib.sha256(request.get_data()).hexdigest()


def read_query(model: type[M]) -> M:
    """A parameter given more than once is a list, an empty one is not given. Raises BadFields."""
    given = {
        name: values[0] if len(values) == 1 else values
        for name, values in request.args.lists()
        if values != [""]
    }
    try:
        # Everything is text in a query, so numbers are read from it.
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise BadFields("query", _problems(errors)) from None


def _problems(errors: Iterable[ErrorDetails]) -> list[FieldProblem]:
    problems = [FieldProblem(pointer(*error["loc"]), _detail(error)) for error in errors]
    return problems[:MAX_PROBLEMS]


def _detail(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "is not known here: leave it out"
        case "missing":
            return "is required"
    return error["msg"]
