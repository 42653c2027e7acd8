"""/api/v1/executions: submit a program, follow it, get its result."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import BadRequest

from app import logs
from app.api import representation, schemas, sse
from app.api.context import Call
from app.api.pages import page, position
from app.api.reading import body_hash
from app.api.requests import ExecutionQuery, Wait
from app.api.routing import Answer, Later, Section
from app.api.sent import Read
from app.api.submission.form import Submission
from app.api.submission.rules import validate
from app.domain.checks import NOT_SHOWABLE
from app.domain.errors import (
    CoordinationUnavailable,
    Forbidden,
    Gone,
    NotFound,
    StoreUnavailable,
    TooManyStreams,
)
from app.domain.execution import Execution, State
from app.domain.records import ExecutionFilter, Role
from app.service.cancel import cancel as cancel_execution
from app.service.keys import StillValid
from app.service.retention import erase
from app.service.retry import retry as retry_execution
from app.service.stream import stream as stream_execution
from app.service.stream_items import Position, Told
from app.service.submit import submit as submit_execution
from app.service.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

executions = Section("Executions", "/api/v1/executions")

_IDEMPOTENCY_KEY_CHARACTERS = 255


@executions.operation(
    "POST",
    "",
    {202: schemas.Execution, 200: schemas.Execution},
    errors=(403, 410, 429),
    headers=("Idempotency-Key",),
)
def submit(call: Call, body: Read[Submission], query: Wait) -> Answer | Later:
    """Submit a program.

    The response is 202 at once. With `?wait=`, it is 200 once the execution is terminal, or when
    the time is over. With an `Idempotency-Key`, the same key and body return the same execution
    for 24 hours, or 410 if that execution was deleted.
    """
    submission = validate(body, call.ports.policy, call.languages.known(), call.caller.role)
    execution = submit_execution(
        call.ports,
        call.caller,
        submission,
        idempotency_key=_idempotency_key(),
        body_hash=body_hash(),
        capacity=call.capacity,
    )
    logs.about_execution(execution.id)
    location = {"Location": f"/api/v1/executions/{execution.id}"}
    if query.wait is None:
        return Answer(representation.execution(execution), 202, location)
    return partial(_ended, call, execution, query.wait, location)


def _ended(call: Call, execution: Execution, seconds: float, location: Mapping[str, str]) -> Answer:
    try:
        return Answer(_awaited(call, execution, seconds), 200, location)
    except StoreUnavailable:
        # It was accepted: an error here would make the client submit it again.
        return Answer(representation.execution(execution), 202, location)
    except NotFound:
        raise Gone("the execution was deleted while the request was waiting for it") from None


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= _IDEMPOTENCY_KEY_CHARACTERS:
        raise BadRequest(f"Idempotency-Key must have 1 to {_IDEMPOTENCY_KEY_CHARACTERS} characters")
    if NOT_SHOWABLE.search(_header_text(key)):
        raise BadRequest("Idempotency-Key must not contain control characters")
    return key


def _header_text(value: str) -> str:
    """WSGI decodes headers as Latin-1 (PEP 3333), though most clients mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


@executions.operation("GET", "", {200: schemas.ExecutionPage}, errors=(403,))
def list_(call: Call, query: ExecutionQuery) -> schemas.ExecutionPage:
    """Your executions, newest first. `result` is null: get the execution to see it."""
    found = call.ports.store.executions.page(
        ExecutionFilter(
            owner=_owner(call, query.owner),
            state=query.state,
            outcome=query.outcome,
            language=query.language,
            labels=_labels(query.label),
        ),
        position(query.cursor),
        query.limit + 1,
    )
    items, next_cursor = page(found, query.limit)
    return schemas.ExecutionPage(
        items=[representation.execution(execution) for execution in items],
        next_cursor=next_cursor,
    )


def _owner(call: Call, owner: str | None) -> str:
    if owner is None or owner == call.caller.name:
        return call.caller.name
    if not call.caller.role.includes(Role.OPERATOR):
        raise Forbidden(
            "listing the executions of another owner needs a key with the role operator"
        )
    return owner


def _labels(labels: list[str]) -> Mapping[str, str] | None:
    pairs = (label.partition(":") for label in labels)
    return {name: value for name, _, value in pairs} or None


@executions.operation("GET", "/{execution_id}", {200: schemas.Execution}, errors=(404,))
def get(call: Call, execution_id: str, query: Wait) -> schemas.Execution:
    """An execution; with `?wait=`, once it is terminal or the time is over."""
    return _awaited(call, _find(call, execution_id), query.wait or 0)


@executions.operation("POST", "/{execution_id}/cancel", {202: schemas.Execution}, errors=(404, 409))
def cancel(call: Call, execution_id: str) -> Answer:
    """Cancel it. It never gets a result. Its pod and slot are released soon after."""
    execution = cancel_execution(call.ports, _find(call, execution_id))
    return Answer(representation.execution(execution), 202)


@executions.operation(
    "POST", "/{execution_id}/retry", {202: schemas.Execution}, errors=(404, 409, 410)
)
def retry(call: Call, execution_id: str) -> Answer:
    """Run its program again, as a new execution with `retry_of`.

    Repeated, it returns the same execution, or 410 if that execution was deleted.
    """
    execution = retry_execution(call.ports, _find(call, execution_id))
    if execution.erased:
        raise Gone(f"execution {execution_id} was retried as {execution.id}, which was deleted")
    location = {"Location": f"/api/v1/executions/{execution.id}"}
    return Answer(representation.execution(execution), 202, location)


@executions.operation("GET", "/{execution_id}/events", {200: schemas.EventList}, errors=(404,))
def events(call: Call, execution_id: str) -> schemas.EventList:
    """Its domain events, oldest first."""
    found = call.ports.store.executions.events(_find(call, execution_id).id)
    return schemas.EventList(items=[representation.event(event) for event in found])


@executions.operation(
    "GET",
    "/{execution_id}/stream",
    {200: sse.MEDIA_TYPE, 204: None},
    errors=(400, 404),
    headers=("Last-Event-ID",),
)
def stream(call: Call, execution_id: str) -> Response:
    """Server-sent events, as things happen, until `end`.

    - `state`: `{"state", "version", "attempt", "time", "message"}`. A new attempt starts its
      output from the beginning.
    - `stdout`, `stderr`: `{"attempt", "offset", "content", "encoding"}`, where `offset` counts
      the bytes that came before. `encoding` is `utf-8`, or `base64` for bytes that are not UTF-8.
      No character is split.
    - `result`: the execution with its result; not sent for failed and cancelled executions.
    - `end`: `{"state"}`.

    After a broken connection, send the last id as `Last-Event-ID`: the stream continues with the
    next event, and none is lost or repeated. After `end`, the response is 204. When nothing
    happens, a comment comes every 15 s.
    """
    execution = _find(call, execution_id)
    try:
        begin = Position.parse(request.headers.get("Last-Event-ID") or str(Position()))
    except ValueError as error:
        raise BadRequest(f"Last-Event-ID: {error}") from None
    if begin.told is Told.END:
        return Response(status=204)
    owner = call.caller.name
    if not call.places.take(owner):
        raise TooManyStreams
    allowed = StillValid(call.ports, call.caller)
    items = stream_execution(call.ports, execution, begin, allowed=allowed)
    response = sse.response(items)
    response.call_on_close(partial(call.places.leave, owner))
    return response


@executions.operation("DELETE", "/{execution_id}", {204: None}, errors=(404, 409))
def delete(call: Call, execution_id: str) -> Answer:
    """Erase the program and its result, once the execution is terminal."""
    erase(call.ports, _find(call, execution_id))
    return Answer(None, 204)


def _find(call: Call, execution_id: str) -> Execution:
    """An execution that the caller may see; operators see those of all owners."""
    execution = call.ports.store.executions.get(execution_id)
    if execution is None or execution.erased or not _visible(call, execution):
        raise NotFound(f"there is no execution {execution_id}")
    return execution


def _visible(call: Call, execution: Execution) -> bool:
    return execution.owner == call.caller.name or call.caller.role.includes(Role.OPERATOR)


def _awaited(call: Call, execution: Execution, seconds: float) -> schemas.Execution:
    if seconds and not execution.state.terminal:
        now = _wait(call, execution, seconds)
        if now is None or now.erased:
            raise NotFound(f"there is no execution {execution.id}")
        execution = now
    result = call.ports.store.results.get(execution.result_id) if execution.result_id else None
    return representation.execution(execution, result, _queue_position(call, execution))


def _wait(call: Call, execution: Execution, seconds: float) -> Execution | None:
    """Without a place to wait the answer is the execution as it is, and the client asks again."""
    owner = call.caller.name
    if not call.places.take(owner):
        return execution
    try:
        with call.turnstile.waiting():
            return wait_until(
                call.ports,
                execution.id,
                lambda row: row.state.terminal,
                seconds,
                allowed=StillValid(call.ports, call.caller),
                wanted=partial(_has_client, request.environ),
            )
    finally:
        call.places.leave(owner)


def _has_client(environ: "WSGIEnvironment") -> bool:
    """waitress says whether the client has left; other servers don't."""
    left = environ.get("waitress.client_disconnected")
    return left is None or not left()


def _queue_position(call: Call, execution: Execution) -> int | None:
    if execution.state is not State.QUEUED:
        return None
    try:
        return call.ports.admission.position(execution.id)
    except CoordinationUnavailable:
        return None
