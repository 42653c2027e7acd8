"""Reads the body and the query of a request: into a model, or a list of what is wrong."""

import hashlib
from typing import Final

from flask import g, request
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest, RequestURITooLarge, UnsupportedMediaType

from app.api.bounded_json import parse
from app.api.bounds import prune
from app.api.validation import M, Read, read, valid
from app.domain.errors import InvalidRequest
from app.domain.policy import InputMaxima
from app.domain.problems import Problems

MAX_QUERY_BYTES: Final = 32 * 1024
"""Room for every label or execution id that a filter can have, percent-encoded."""

_SPARE_VALUES: Final = 10_000
_FIELDS: Final = 20
"""Of a test."""
_MOST_VALUES: Final = 100_000
"""More than any valid body of some length has."""


def read_body(model: type[M], maxima: InputMaxima, problems: Problems) -> M:
    """The body, if there are no `problems`: those that were found before, and its own.

    Raises UnsupportedMediaType, RequestEntityTooLarge, BadRequest or InvalidRequest.
    """
    sent = _sent(model, maxima, problems)
    found = valid(model, sent, problems)
    if found is None:
        raise InvalidRequest(problems.found)
    return found


def read_for_rules(model: type[M], maxima: InputMaxima, problems: Problems) -> Read[M]:
    """As `read_body`, but raises InvalidRequest only where rules would have nothing to check."""
    return read(model, _sent(model, maxima, problems), problems)


def _sent(model: type[BaseModel], maxima: InputMaxima, problems: Problems) -> object:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as application/json")
    request.max_content_length = getattr(model, "MOST_BYTES", maxima.submission_bytes)
    body = request.get_data(cache=False)  # The caller must not keep it for as long as it waits.
    most = most_values(maxima, getattr(model, "SUBMISSIONS", 1))
    try:
        sent, whole = parse(body, most)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    prune(problems, model, sent, maxima)
    if not whole and problems.none_at(""):
        problems.add("", f"has more than {most} values")
    if not whole or problems.full:
        raise InvalidRequest(problems.found)
    g.body_hash = hashlib.sha256(body).hexdigest()
    return sent


def most_values(maxima: InputMaxima, submissions: int = 1) -> int:
    """The most JSON values in one body: more than any valid one has, so that most that are not
    valid are still read, and their faults reported.
    """
    in_run = maxima.args + maxima.env + _FIELDS
    in_tests = maxima.tests * (4 * maxima.test_files + in_run)
    in_one = in_tests + in_run + 2 * (4 * maxima.files + maxima.args) + maxima.labels
    return min(_SPARE_VALUES + submissions * in_one, _MOST_VALUES)


def body_hash() -> str:
    """SHA-256 of the body that `read_body` has read, in hex."""
    return str(g.body_hash)


def read_query(model: type[M], maxima: InputMaxima, problems: Problems) -> M:
    """A parameter given more than once is a list; an empty one counts as not given.

    Returns the defaults if there are problems. Raises RequestURITooLarge.
    """
    if not request.query_string:
        return model()
    if len(request.query_string) > MAX_QUERY_BYTES:
        raise RequestURITooLarge(f"a query can have at most {MAX_QUERY_BYTES} bytes")
    sent = {
        name: values[0] if len(values) == 1 else values for name, values in request.args.lists()
    }
    prune(problems, model, sent, maxima)
    given = {name: value for name, value in sent.items() if value != ""}
    # Everything in a query is text, so numbers are parsed from it.
    found = valid(model, given, problems, strict=False)
    return model() if found is None else found
