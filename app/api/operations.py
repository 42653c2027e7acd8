"""Operations of the API, as they are declared: once, for the view and for the OpenAPI document.

So the two can't disagree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from flask import Response
from pydantic import BaseModel

from app.api.auth import CHANGES_NOTHING
from app.api.idempotency import NAME as IDEMPOTENCY_KEY
from app.api.validation import Read, Sent
from app.domain.api_key import Role


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


class NoQuery(Sent):
    """The query of an operation that takes no parameters."""


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
    own_work: bool
    """It only adds to the caller's own work, and is not in the audit log."""
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
    def query(self) -> type[BaseModel]:
        """A model without fields if the handler takes no query, so that parameters are refused."""
        found: type[BaseModel] = _annotations(self.handler).get("query", NoQuery)
        return found

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
        found = {414, 422, 500, 503, *self.errors}
        if self.role is not None:
            found |= {401, 403, 429}
        if self.body is not None:
            found |= {400, 413, 415}
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
        *,
        own_work: bool = False,
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
                    own_work=own_work,
                    handler=handler,
                )
            )
            return handler

        return declare
