"""Records in the audit log what operators and admins change, and shows it: /api/v1/audit.

Every operation that changes something is recorded, unless it is declared as `own_work`; and so are
sign-ins to the web page.
"""

from collections.abc import Mapping
from functools import partial

from flask import Flask, Response, g, request

from app.api import operator_schemas, representation
from app.api.auth import CHANGES_NOTHING
from app.api.context import Call, Context
from app.api.operations import Section
from app.api.operator_requests import AuditQuery
from app.api.pages import page
from app.domain.api_key import ApiKey, Role
from app.domain.audit import Actor, Details
from app.ports import Ports
from app.service import audit as service

audit = Section("Operators", "/api/v1/audit", Role.ADMIN)


@audit.operation("GET", "", {200: operator_schemas.AuditPage})
def list_(call: Call, query: AuditQuery) -> operator_schemas.AuditPage:
    """What operators and admins changed, newest first, with sign-ins and commands on the server."""
    found = service.page(call.ports.store.audit, query.cursor, query.limit + 1)
    items, next_cursor = page(found, query.limit)
    return operator_schemas.AuditPage(
        items=[representation.audit_record(record) for record in items], next_cursor=next_cursor
    )


def register(app: Flask, ports: Ports) -> None:
    app.after_request(partial(_end, ports))


def begin(call: Call, method: str, path: str, arguments: Mapping[str, str]) -> None:
    """Record what an operator or admin is about to change. Raises StoreUnavailable."""
    if method in CHANGES_NOTHING or not call.caller.role.includes(Role.OPERATOR):
        return
    _begin(call.ports, call.caller, f"{method} {path}", arguments)


def begin_sign_in(context: Context, action: str, key: ApiKey | None) -> None:
    """Record that an operator or admin signs in, or that somebody is refused: key None.

    Anybody can be refused as often as they like, so only the first of each hour are recorded.
    Raises StoreUnavailable.
    """
    ports = context.ports
    if key is None:
        is_recorded = service.records_refused_sign_in(ports.requests, ports.clock)
    else:
        is_recorded = key.role.includes(Role.OPERATOR)
    if is_recorded:
        _begin(ports, key, action, {})


def _begin(ports: Ports, key: ApiKey | None, action: str, target: Details) -> None:
    actor = Actor(
        key=key,
        address=request.remote_addr or "",
        forwarded_for=request.headers.get("X-Forwarded-For"),
    )
    g.audit_facts = {}
    g.audited = service.begin(ports.store.audit, ports.clock, actor, action, target, g.request_id)


def note(facts: Details) -> None:
    """Add to the record of this request, if there is one, what it changes."""
    if "audit_facts" in g:
        g.audit_facts.update({name: fact for name, fact in facts.items() if fact is not None})


def _end(ports: Ports, response: Response) -> Response:
    if "audited" in g:
        service.end(ports.store.audit, ports.clock, g.audited, response.status_code, g.audit_facts)
    return response
