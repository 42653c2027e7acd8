"""`POST /submissions` and `POST /submissions/batch`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from flask import Response, request

from app import logs
from app.api.context import Call
from app.api.doors.json_response import json_response
from app.api.doors.judge0 import query
from app.api.doors.judge0.answers import NOT_TEXT
from app.api.doors.judge0.archive import Room
from app.api.doors.judge0.attributes import BLANK
from app.api.doors.judge0.batch_sizes import check_count
from app.api.doors.judge0.bodies import sent_parameters
from app.api.doors.judge0.encoding import NotText
from app.api.doors.judge0.languages import Offered, offered
from app.api.doors.judge0.parameters import Parameters
from app.api.doors.judge0.program import Invalid, as_attributes, translated
from app.api.doors.judge0.tokens import token_of
from app.api.doors.judge0.viewing import view
from app.api.doors.running import Promise, run, submission_of
from app.domain.errors import InvalidRequest
from app.domain.execution import Execution
from app.domain.result import Result
from app.domain.submission import Submission
from app.service import batches
from app.service.submit import submit

CALLBACK_FORM: Final = "judge0"
_AT_LEAST_SECONDS: Final = 60.0
"""That a client waits, since others' programs may run first."""


@dataclass(frozen=True, slots=True)
class _Asked:
    submission: Submission
    fields: Sequence[str]
    base64: bool
    wait: bool

    @property
    def seconds(self) -> float:
        """The sum of its limits."""
        runs = self.submission.limits.wall_seconds * max(1, len(self.submission.tests))
        return max(_AT_LEAST_SECONDS, runs + self.submission.compile_limits.wall_seconds)


def create(call: Call) -> Response:
    """With `wait=true`, respond once it has ended."""
    try:
        if query.is_true(request.args, "wait"):
            return run(call, partial(_promised, call))
        return _read_first(call)
    except Invalid as error:
        return json_response(error.found, 422)


def _read_first(call: Call) -> Response:
    """The body says whether to wait."""
    with call.context.large_bodies.turn(call.caller.name, request.content_length):
        asked = _read(call)
        if not asked.wait:
            return _created(call, asked)
        held = [(asked.submission, _promise(call, asked))]
        del asked  # Nothing refers to it while this waits.
    return run(call, held.pop)


def _created(call: Call, asked: _Asked) -> Response:
    execution = submit(
        call.ports,
        call.caller,
        asked.submission,
        capacity=call.context.capacity,
        cpu_days=call.context.cpu_days,
    )
    logs.about_execution(execution.id)
    return json_response({"token": token_of(execution.id)}, 201)


def _promised(call: Call) -> tuple[Submission, Promise]:
    asked = _read(call)
    return asked.submission, _promise(call, asked)


def _promise(call: Call, asked: _Asked) -> Promise:
    answer = partial(_ended, call, asked.fields, asked.base64)
    return Promise(
        seconds=asked.seconds, answer=answer, late=lambda execution: answer(execution, None)
    )


def _ended(
    call: Call, fields: Sequence[str], base64: bool, execution: Execution, result: Result | None
) -> Response:
    shown = view(call, execution, result, base64=base64)
    try:
        return json_response(shown.fields(fields), 201)
    except NotText:
        return json_response({"error": NOT_TEXT, "token": token_of(execution.id)}, 201)


def _read(call: Call) -> _Asked:
    """Raises Refused and Invalid."""
    sent = sent_parameters(call.context)
    fields, base64 = query.fields(sent), _base64(call, sent)
    languages = offered(call.context.languages.known())
    submission = _submission(call, sent, languages, _room(call), base64=base64)
    return _Asked(submission, fields, base64, query.is_true(sent, "wait"))


def _room(call: Call) -> Room:
    """As much as a request can have that sends the files as they are."""
    return Room(call.context.policy.input.submission_bytes)


def _base64(call: Call, sent: Parameters) -> bool:
    return query.base64(sent, implicit=call.context.doors.judge0_implicit_base64)


def _submission(
    call: Call,
    sent: Parameters,
    languages: Mapping[int, Offered],
    room: Room,
    *,
    base64: bool,
) -> Submission:
    """Raises Invalid."""
    found = translated(sent, languages, call.context.policy, room, base64=base64)
    try:
        submission = submission_of(call, found.native)
    except InvalidRequest as error:
        raise as_attributes(error.problems, sent) from None
    return replace(
        submission,
        door_data=found.attributes.to_json(),
        callback_form=CALLBACK_FORM if submission.callback_url else None,
    )


def create_batch(call: Call) -> Response:
    """Each entry of the response has a token, or what is wrong with that submission."""
    with call.context.large_bodies.turn(call.caller.name, request.content_length):
        read = _read_batch(call)
        valid = [each for each in read if isinstance(each, Submission)]
        tokens = iter(_submit_all(call, valid) if valid else ())
    entries = [{"token": next(tokens)} if isinstance(each, Submission) else each for each in read]
    return json_response(entries, 201 if valid else 422)


def _read_batch(call: Call) -> list[Submission | Mapping[str, object]]:
    """Raises Refused."""
    sent = sent_parameters(call.context)
    each = sent.get("submissions")
    items: list[object] = each if isinstance(each, list) else []
    check_count(len(items))
    base64 = _base64(call, sent)
    languages = offered(call.context.languages.known())
    room = _room(call)
    return [_item(call, one, languages, room, base64=base64) for one in items]


def _item(
    call: Call, sent: object, languages: Mapping[int, Offered], room: Room, *, base64: bool
) -> Submission | Mapping[str, object]:
    if not isinstance(sent, dict):
        return {"language_id": [BLANK], "source_code": [BLANK]}
    try:
        return _submission(call, sent, languages, room, base64=base64)
    except Invalid as error:
        return error.found


def _submit_all(call: Call, submissions: list[Submission]) -> list[str]:
    found = batches.submit_batch(
        call.ports,
        call.caller,
        submissions,
        capacity=call.context.capacity,
        cpu_days=call.context.cpu_days,
    )
    return [token_of(execution_id) for execution_id in found.batch.execution_ids]
