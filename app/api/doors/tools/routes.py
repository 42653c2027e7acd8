"""The document and its operation."""

from functools import partial
from typing import Final

from flask import Response
from werkzeug.exceptions import UnprocessableEntity

from app.api.context import Call, Context
from app.api.doors.bodies import json_body
from app.api.doors.door import Route
from app.api.doors.json_response import json_response
from app.api.doors.running import Promise, run, submission_of
from app.api.doors.tools.document import RUN_CODE, document
from app.api.doors.tools.request import native, told
from app.api.doors.tools.response import ran
from app.api.problems import Problem
from app.domain.errors import InvalidRequest
from app.domain.execution import Execution
from app.domain.result import Result
from app.domain.submission import Submission

_SECONDS: Final = 240.0
"""open-webui waits for 300."""


def failed(problem: Problem, _path: str) -> Response:
    return json_response({"detail": problem.detail or problem.title}, problem.status)


def show_document(context: Context) -> Response:
    return json_response(document(context.languages.known()))


def run_code(call: Call) -> Response:
    return run(call, partial(_read, call))


def _read(call: Call) -> tuple[Submission, Promise]:
    try:
        submission = submission_of(call, native(json_body(call.context)))
    except InvalidRequest as error:
        raise UnprocessableEntity(told(error)) from error
    return submission, Promise(seconds=_SECONDS, answer=_answer)


def _answer(execution: Execution, result: Result | None) -> Response:
    if result is None:
        return json_response(
            {"detail": execution.message or f"the execution was {execution.state}"}, 500
        )
    return json_response(ran(execution, result))


ROUTES: Final = (
    Route(method="GET", path="/openapi-tools.json", handler=show_document, needs_key=False),
    Route(method="POST", path=RUN_CODE, handler=run_code),
)
