"""`/execute`, `/health` and `/sessions` of NeMo Skills' sandbox."""

from functools import partial
from typing import Final

from flask import Response, request
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from app.api.context import Call, Context
from app.api.doors.bodies import json_body
from app.api.doors.json_response import json_response
from app.api.doors.running import Promise, run, submission_of
from app.api.doors.sandboxfusion.errors import in_words
from app.api.doors.sandboxfusion.nemo.request import BadBody, Reply, cells_of, read, translated
from app.api.doors.sandboxfusion.nemo.response import executed
from app.domain.errors import InvalidRequest
from app.domain.execution import Execution, Outcome
from app.domain.result import Result
from app.domain.submission import Submission
from app.service.notebooks import continue_with, forget, last_submission

_SPARE: Final = frozenset({"event_log"})
"""What programs run without."""


def execute(call: Call) -> Response:
    """Run a cell or a program, and respond with what became of it."""
    try:
        return run(call, partial(_read, call))
    except BadBody as error:
        return in_words(str(error), BadRequest.code)


def _read(call: Call) -> tuple[Submission, Promise]:
    context = call.context
    asked = read(json_body(context))
    session = (request.headers.get("X-Session-ID") or None) if asked.is_cell else None
    earlier = _earlier(call, session) if session else []
    found = translated(asked, context.languages.known(), context.policy, earlier)
    try:
        submission = submission_of(call, found.sent)
    except InvalidRequest as error:
        raise BadBody(
            "; ".join(f"{each.pointer}: {each.detail}" for each in error.problems)
        ) from None
    answer = partial(_answer, call, session, found.reply)
    return submission, Promise(seconds=found.seconds, answer=answer)


def _earlier(call: Call, session: str) -> list[str]:
    store = call.ports.store
    last = last_submission(call.ports.notebooks, store.executions, call.caller.name, session)
    return cells_of(last) if last else []


def _answer(
    call: Call, session: str | None, reply: Reply, execution: Execution, result: Result | None
) -> Response:
    if session and execution.outcome is Outcome.SUCCESS:
        continue_with(call.ports.notebooks, call.caller.name, session, execution.id)
    return json_response(executed(execution, result, reply))


def health(context: Context) -> Response:
    """Whether programs can be run now."""
    found = context.condition.get().dependencies
    missing = [name for name, trouble in found.items() if trouble and name not in _SPARE]
    if missing:
        return in_words(f"unavailable: {', '.join(missing)}", ServiceUnavailable.code)
    return json_response({"status": "healthy"})


def delete_session(call: Call, session: str) -> Response:
    """Forget a notebook. It's no error if there is none."""
    forget(call.ports.notebooks, call.caller.name, session)
    return json_response({"message": f"IPython session {session} deleted successfully"})
