"""`/run_code`, and what tells clients that the sandbox is ready."""

from functools import partial

from flask import Response

from app.api.context import Call, Context
from app.api.doors.bodies import json_body
from app.api.doors.json_response import json_response
from app.api.doors.running import Promise, run, submission_of
from app.api.doors.sandboxfusion.errors import InvalidBody, invalid
from app.api.doors.sandboxfusion.fetching import fetched, left_out
from app.api.doors.sandboxfusion.request import Reply, translated
from app.api.doors.sandboxfusion.response import not_run, ran
from app.domain.errors import InvalidRequest
from app.domain.execution import Execution
from app.domain.result import Result
from app.domain.submission import Submission


def run_code(call: Call) -> Response:
    """Run the program of the body, and respond with what became of it."""
    try:
        return run(call, partial(_read, call))
    except InvalidBody as error:
        return invalid(error)


def _read(call: Call) -> tuple[Submission, Promise]:
    context = call.context
    found = translated(json_body(context), context.languages.known(), context.policy)
    try:
        submission = submission_of(call, found.sent)
    except InvalidRequest as error:
        raise InvalidBody(found.details(error.problems)) from None
    answer = partial(_answer, call, found.reply)
    return submission, Promise(seconds=found.seconds, answer=answer)


def _answer(call: Call, reply: Reply, execution: Execution, result: Result | None) -> Response:
    if result is None:
        return json_response(not_run(execution))
    files = fetched(call.ports.blobs, result, reply.fetch)
    notes = [*left_out(result, reply.fetch.values()), *reply.notes]
    return json_response(ran(execution, result, files, notes))


def ping(_context: Context) -> Response:
    return json_response("pong")
