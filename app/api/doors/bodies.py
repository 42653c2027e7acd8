"""Reads the body of a request to a door, whatever its type is said to be."""

from flask import request
from werkzeug.exceptions import BadRequest

from app.api.body_and_query import most_values
from app.api.bounded_json import parse
from app.api.context import Context


def json_body(context: Context) -> object:
    """The body, which must be JSON. Raises BadRequest and RequestEntityTooLarge."""
    most = most_values(context.policy.input)
    try:
        sent, whole = parse(raw_body(context), most)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not whole:
        raise BadRequest(f"the body has more than {most} values")
    return sent


def raw_body(context: Context) -> bytes:
    """Raises RequestEntityTooLarge."""
    request.max_content_length = context.policy.input.submission_bytes
    return request.get_data(cache=False)
