"""The paths of Piston, with `/piston` as on its public server, and without as elsewhere."""

from collections.abc import Callable
from functools import partial
from typing import Final

from flask import Response, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.api.context import Call, Context
from app.api.doors.bodies import json_body
from app.api.doors.door import Route
from app.api.doors.json_response import json_response
from app.api.doors.piston import packages
from app.api.doors.piston.request import native
from app.api.doors.piston.response import executed, runtimes
from app.api.doors.running import Promise, run, submission_of
from app.domain.execution import Execution
from app.domain.language import Language
from app.domain.result import Result
from app.domain.submission import Submission

HOLD_SECONDS: Final = 600.0
"""Piston itself lets requests wait without a limit. Clients leave earlier, and are noticed."""
_VERSION: Final = "3.1.1"
"""Of the Piston that this follows, which some clients show."""
_JSON: Final = "application/json"


def about(_context: Context) -> Response:
    return json_response({"message": f"Piston v{_VERSION}"})


def list_runtimes(call: Call) -> Response:
    return json_response(runtimes(call.context.languages.known()))


def execute(call: Call) -> Response:
    return run(call, partial(_read, call))


def list_packages(call: Call) -> Response:
    return json_response(packages.listed(call.context.languages.known()))


def install(call: Call) -> Response:
    return json_response(packages.installed(_sent(call), call.context.languages.known()))


def uninstall(call: Call) -> Response:
    return json_response(packages.uninstalled(_sent(call), call.context.languages.known()))


def _read(call: Call) -> tuple[Submission, Promise]:
    context = call.context
    language, body = native(
        _sent(call),
        context.languages.known(),
        context.policy,
        lenient=not context.doors.piston_strict_versions,
    )
    promise = Promise(seconds=HOLD_SECONDS, answer=partial(_answer, language))
    return submission_of(call, body), promise


def _answer(language: Language, execution: Execution, result: Result | None) -> Response:
    if result is None:
        message = execution.message or f"the execution was {execution.state}"
        return json_response({"message": message}, 500)
    return json_response(executed(language, execution, result))


def _sent(call: Call) -> object:
    """The body, whatever its type is said to be: node-piston says nothing.

    Raises UnsupportedMediaType, as Piston does, if it is not JSON and does not claim to be.
    """
    try:
        return json_body(call.context)
    except BadRequest:
        if request.mimetype != _JSON:
            raise UnsupportedMediaType(f"requests must be of type {_JSON}") from None
        raise


_OPERATIONS: Final[tuple[tuple[str, str, Callable[[Call], Response]], ...]] = (
    ("GET", "runtimes", list_runtimes),
    ("POST", "execute", execute),
    ("GET", "packages", list_packages),
    ("POST", "packages", install),
    ("DELETE", "packages", uninstall),
)
ROUTES: Final = (
    Route(method="GET", path="/", handler=about, needs_key=False),
    *(
        Route(method=method, path=f"{prefix}/{name}", handler=handler)
        for prefix in ("/api/v2", "/api/v2/piston")
        for method, name, handler in _OPERATIONS
    ),
)
