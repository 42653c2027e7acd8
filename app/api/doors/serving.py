"""The Flask application of one door."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.routing import Map, Rule

from app.api import audit, cors, rate_limits, traces
from app.api.assembly import assembled
from app.api.auth import CHANGES_NOTHING, unauthorized
from app.api.context import Call, Context
from app.api.doors.door import Door, Route
from app.api.doors.entrance import KEY
from app.api.problems import Problem
from app.domain.api_key import ApiKey
from app.domain.errors import OnlyForDoor
from app.service import keys

_NOT_RECORDED: Final = CHANGES_NOTHING | {"POST"}
"""A POST submits a program, or asks whether a key is valid."""
_NO_KEY: Final = "send a key, in a header or in the path: /d/<key>/…"


def opened(door: Door, context: Context) -> Flask:
    """What serves the door. All its errors have the door's own form."""
    app = assembled(door.name, _addresses(door), context.ports, partial(_failed, door))
    cors.open_to_all(app)
    for route in door.routes:
        app.view_functions[_endpoint(route)] = partial(_serve, door, context, route)
    return app


@cache
def _addresses(door: Door) -> Map:
    """Each path is right or is not found: redirects would lose a key in it."""
    rules = [
        Rule(each.path, endpoint=_endpoint(each), methods=[each.method]) for each in door.routes
    ]
    return Map(rules, merge_slashes=False, strict_slashes=True, redirect_defaults=False)


def _endpoint(route: Route) -> str:
    return f"{route.method} {route.path}"


def _serve(door: Door, context: Context, route: Route, **arguments: Any) -> Response:
    if not route.needs_key:
        return route.handler(context, **arguments)
    call = Call(context, _caller(door, context))
    traces.begin(call.ports.tracing)
    rate_limits.count(call)
    if route.method not in _NOT_RECORDED:
        actor = Call(context, door.acting(call) or call.caller)
        audit.begin(actor, route.method, route.path, arguments)
    return route.handler(call, **arguments)


def _caller(door: Door, context: Context) -> ApiKey:
    """Raises Unauthorized without a valid key, and OnlyForDoor if it is for another door."""
    secret = request.environ.get(KEY) or door.secret()
    if not secret:
        return _nobody(door, context)
    key = keys.authenticate(context.ports.store.keys, secret)
    if key is None:
        raise unauthorized("this key is not valid")
    if key.door not in (None, door.name):
        raise OnlyForDoor(f"this key opens only the door {key.door}")
    return key


def _nobody(door: Door, context: Context) -> ApiKey:
    nobody = context.doors.nobody
    if nobody is None or door.name not in context.doors.keyless:
        raise unauthorized(_NO_KEY)
    return nobody


def _failed(door: Door, problem: Problem, headers: Mapping[str, str]) -> Response:
    response = door.failed(problem, request.path)
    response.headers.update(headers)
    return response
