"""Leads from a request to the handler of an operation, and back."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule

from app.api import audit, rate_limits, traces
from app.api.auth import caller, check_role
from app.api.body_and_query import read_body, read_for_rules, read_query
from app.api.context import Call, Context
from app.api.idempotency import read_idempotency_key
from app.api.operations import Answer, NoQuery, Operation, Returned
from app.domain.errors import InvalidRequest
from app.domain.problems import Problems

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def rule_of(operation: Operation) -> Rule:
    """Its address, for the map of an application."""
    return Rule(operation.rule, endpoint=operation.endpoint, methods=[operation.method])


def register(app: Flask, context: Context, operation: Operation) -> None:
    """Add what serves the operation to a Flask application whose map has its rule."""
    serve = partial(_serve, context, operation, _reader(context, operation))
    app.view_functions[operation.endpoint] = serve


def _reader(context: Context, operation: Operation) -> Callable[[], dict[str, object]]:
    """Reads what the handler takes of the request, besides the parameters of the path."""
    maxima = context.policy.input
    body, query, takes_key = operation.body, operation.query, operation.takes_idempotency_key
    read = read_for_rules if operation.checks_rules else read_body

    def arguments() -> dict[str, object]:
        found: dict[str, object] = {}
        problems = Problems()
        given = read_query(query, maxima, problems.elsewhere("query"))
        if query is not NoQuery:
            found["query"] = given
        if takes_key:
            found["idempotency_key"] = read_idempotency_key(problems.elsewhere("header"))
        if body is not None:
            found["body"] = read(body, maxima, problems)
        elif problems:
            raise InvalidRequest(problems.found)
        return found

    return arguments


def _serve(
    context: Context,
    operation: Operation,
    read: Callable[[], dict[str, object]],
    **arguments: Any,
) -> Response:
    given: Context | Call = context
    if operation.role is not None:
        given = Call(context, caller(context.ports.store.keys, context.ports.sessions))
        traces.begin(given.ports.tracing)
        rate_limits.count(given)
        if not operation.own_work:
            audit.begin(given, operation.method, operation.path, arguments)
        check_role(given.caller, operation.role)
    with _turn(context, operation, given):
        arguments |= read()
        returned = operation.handler(given, **arguments)
        arguments.clear()
    return _response(returned() if isinstance(returned, partial) else returned)


def _turn(
    context: Context, operation: Operation, given: Context | Call
) -> AbstractContextManager[None]:
    """Until a large body is freed: what a handler made of it is stored by then."""
    if operation.body is None:
        return nullcontext()
    owner = given.caller.name if isinstance(given, Call) else ""
    return context.large_bodies.turn(owner, request.content_length)


def _response(returned: Returned) -> Response:
    if isinstance(returned, Response):
        return returned
    answer = returned if isinstance(returned, Answer) else Answer(returned)
    if answer.body is None:
        return Response(status=answer.status, headers=answer.headers)
    content = answer.body.model_dump_json(by_alias=True)
    return _Json(content, answer.status, answer.headers, mimetype="application/json")


class _Json(Response):
    """A response whose headers need no correction."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:  # noqa: ARG002  # werkzeug's signature
        """Werkzeug would copy them, and quote a Location that has characters of an IRI."""
        return self.headers
