"""The parameters of a request: its query, and its body in JSON or as a form."""

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from werkzeug.exceptions import BadRequest

from app.api.context import Context
from app.api.doors.bodies import json_body, raw_body
from app.api.doors.judge0 import parameters
from app.api.doors.judge0.parameters import Parameters

_FORM: Final = "application/x-www-form-urlencoded"


def sent_parameters(context: Context) -> Parameters:
    """Both together. Raises BadRequest and RequestEntityTooLarge."""
    return {**_body(context), **request.args}


def _body(context: Context) -> Mapping[str, Any]:
    if request.mimetype == _FORM:
        try:
            return parameters.of_form(raw_body(context))
        except ValueError as error:
            raise BadRequest(f"the form can't be read: {error}") from None
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}
    found = json_body(context)
    return found if isinstance(found, dict) else {}
