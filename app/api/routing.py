"""Leads from a request to a handler and back.

An operation is declared once. Both the view and the OpenAPI document are made from the
declaration, so they can't disagree.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from flask import Flask, Response, request
from pydantic import BaseModel
from werkzeug.routing import Rule

from app.api import rate_limits
from app.api.auth import CHANGES_NOTHING, caller, check_role
from app.api.body_and_query import read_body, read_for_rules, read_query
from app.api.context import Call, Context
from app.api.idempotency import NAME as IDEMPOTENCY_KEY
from app.api.idempotency import read_idempotency_key
from app.api.validation import Read
from app.domain.api_key import Role
from app.domain.errors import InvalidRequest
from app.domain.problems import Problems


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with an explicit status or headers."""

    body: BaseModel | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Later: TypeAlias = partial[Answer]
"""A handler that has to wait returns the rest of its work, so that the body can be freed."""
Returned: TypeAlias = BaseModel | Answer | Response
Handler: TypeAlias = Callable[..., Returned | Later]
"""Takes a Call (a Context, where no key is needed); then, by name, the parameters of the path,
`body` and `query`, whose annotations are their models, and `idempotency_key`. A handler that checks
rules of its own asks for `Read[<model>]`, and raises InvalidRequest if there are problems.
"""


@cache
def _annotations(handler: Handler) -> Mapping[str, Any]:
    return get_type_hints(handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """As OpenAPI writes it: `/api/v1/executions/{execution_id}`."""
    rule: str
    """As Flask writes it."""
    tag: str
    role: Role | None
    """The role that the key needs; None if no key is needed."""
    answers: Mapping[int, type[BaseModel] | str | tuple[str, ...] | None]
    """By status: the model of the JSON, one or more other media types, or None for no body."""
    errors: tuple[int, ...]
    """Error statuses that don't follow from the rest of the declaration."""
    headers: tuple[str, ...]
    """Request headers that the operation reads."""
    sends: Mapping[int, tuple[str, ...]]
    """Response headers of its own, by status."""
    handler: Handler

    @property
    def endpoint(self) -> str:
        """Its name in a Flask application."""
        return f"{self.method} {self.path}"

    @property
    def body(self) -> type[BaseModel] | None:
        annotation = _annotations(self.handler).get("body")
        return get_args(annotation)[0] if get_origin(annotation) is Read else annotation

    @property
    def checks_rules(self) -> bool:
        """Whether the handler adds to the problems of its body."""
        return get_origin(_annotations(self.handler).get("body")) is Read

    @property
    def query(self) -> type[BaseModel] | None:
        return _annotations(self.handler).get("query")

    @property
    def takes_idempotency_key(self) -> bool:
        return IDEMPOTENCY_KEY in self.headers

    @property
    def needs_csrf_token(self) -> bool:
        """Whether a request with a session's cookie is refused without its token."""
        return self.role is not None and self.method not in CHANGES_NOTHING

    @property
    def problems(self) -> frozenset[int]:
        """The statuses with a problem document."""
        found = {500, 503, *self.errors}
        if self.role is not None:
            found |= {401, 429}
        if self.role in (Role.OPERATOR, Role.ADMIN) or self.needs_csrf_token:
            found |= {403}
        if self.body is not None:
            found |= {400, 413, 415, 422}
        if self.query is not None:
            found |= {414, 422}
        return frozenset(found)


class Section:
    """The operations of one part of the API."""

    def __init__(self, tag: str, prefix: str, role: Role | None = Role.USER) -> None:
        self.operations: list[Operation] = []
        self._tag = tag
        self._prefix = prefix
        self._role = role

    def operation(
        self,
        method: str,
        path: str,
        answers: Mapping[int, type[BaseModel] | str | tuple[str, ...] | None],
        errors: tuple[int, ...] = (),
        headers: tuple[str, ...] = (),
        sends: Mapping[int, tuple[str, ...]] | None = None,
    ) -> Callable[[Handler], Handler]:
        """`{path:name}` in a path takes slashes, too."""

        def declare(handler: Handler) -> Handler:
            takes_key = "idempotency_key" in handler.__annotations__
            self.operations.append(
                Operation(
                    method=method,
                    path=(self._prefix + path).replace("{path:", "{"),
                    rule=(self._prefix + path).replace("{", "<").replace("}", ">"),
                    tag=self._tag,
                    role=self._role,
                    answers=answers,
                    errors=errors,
                    headers=(*headers, IDEMPOTENCY_KEY) if takes_key else headers,
                    sends=sends or {},
                    handler=handler,
                )
            )
            return handler

        return declare


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
        if query is not None:
            found["query"] = read_query(query, maxima, problems.elsewhere("query"))
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
        rate_limits.count(given)
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
    return Response(content, answer.status, answer.headers, mimetype="application/json")
