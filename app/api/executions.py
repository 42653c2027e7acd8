"""/api/v1/executions: submit a program, follow it, get its result."""

from collections.abc import Mapping
from functools import partial

from flask import Response, request
from werkzeug.exceptions import BadRequest

from app import logs
from app.api import representation, schemas, sse
from app.api.context import Call
from app.api.idempotency import NAME as IDEMPOTENCY_KEY
from app.api.idempotency import idempotency_key
from app.api.pages import page
from app.api.reading import body_hash
from app.api.requests import ExecutionQuery, Wait
from app.api.routing import Answer, Later, Section
from app.api.sent import Read
from app.api.submission.form import Submission
from app.api.submission.rules import validate
from app.api.waiting import streamed, waited
from app.domain.errors import (
    Gone,
    NotFound,
    StoreUnavailable,
)
from app.domain.execution import Execution
from app.domain.filters import ExecutionFilter
from app.service import executions as service
from app.service.cancel import cancel as cancel_execution
from app.service.retention import erase
from app.service.retry import retry as retry_execution
from app.service.stream import stream as stream_execution
from app.service.stream_items import Received, StreamPosition
from app.service.submit import submit as submit_execution
from app.service.waiting import wait_for_end

executions = Section("Executions", "/api/v1/executions")


@executions.operation(
    "POST",
    "",
    {202: schemas.Execution, 200: schemas.Execution},
    errors=(403, 410, 429),
    headers=(IDEMPOTENCY_KEY,),
)
def submit(call: Call, body: Read[Submission], query: Wait) -> Answer | Later:
    """Submit a program.

    The response is 202 at once. With `?wait=`, it is 200 once the execution is terminal, or when
    the time is over. With an `Idempotency-Key`, the same key and body return the same execution
    for 24 hours, or 410 if that execution was deleted.
    """
    submission = validate(
        body, call.context.policy, call.context.languages.known(), call.caller.role
    )
    execution = submit_execution(
        call.ports,
        call.caller,
        submission,
        idempotency_key=idempotency_key(),
        body_hash=body_hash(),
        capacity=call.context.capacity,
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
        # It was accepted; an error would make the client submit it again.
        return Answer(representation.execution(execution), 202, location)
    except NotFound:
        raise Gone("the execution was deleted while the request was waiting for it") from None


@executions.operation("GET", "", {200: schemas.ExecutionPage}, errors=(403,))
def list_(call: Call, query: ExecutionQuery) -> schemas.ExecutionPage:
    """Your executions, newest first. `result` is null: get the execution to see it."""
    filter = ExecutionFilter(
        owner=query.owner,
        state=query.state,
        outcome=query.outcome,
        language=query.language,
        labels=_labels(query.label),
        batch=query.batch,
    )
    found = service.newest(
        call.ports.store.executions, call.caller, filter, query.cursor, query.limit + 1
    )
    items, next_cursor = page(found, query.limit)
    return schemas.ExecutionPage(
        items=[representation.execution(execution) for execution in items],
        next_cursor=next_cursor,
    )


def _labels(labels: list[str]) -> Mapping[str, str] | None:
    pairs = (label.partition(":") for label in labels)
    return {name: value for name, _, value in pairs} or None


@executions.operation("GET", "/{execution_id}", {200: schemas.Execution}, errors=(404,))
def get(call: Call, execution_id: str, query: Wait) -> schemas.Execution:
    """An execution; with `?wait=`, once it is terminal or the time is over."""
    return _awaited(call, _found(call, execution_id), query.wait or 0)


@executions.operation("POST", "/{execution_id}/cancel", {202: schemas.Execution}, errors=(404, 409))
def cancel(call: Call, execution_id: str) -> Answer:
    """Cancel it. It never gets a result. Its pod and slot are released soon after."""
    execution = cancel_execution(call.ports, _found(call, execution_id))
    return Answer(representation.execution(execution), 202)


@executions.operation(
    "POST", "/{execution_id}/retry", {202: schemas.Execution}, errors=(404, 409, 410)
)
def retry(call: Call, execution_id: str) -> Answer:
    """Run its program again, as a new execution with `retry_of`.

    Repeated, it returns the same execution, or 410 if that execution was deleted.
    """
    execution = retry_execution(call.ports, _found(call, execution_id))
    if execution.erased:
        raise Gone(f"execution {execution_id} was retried as {execution.id}, which was deleted")
    location = {"Location": f"/api/v1/executions/{execution.id}"}
    return Answer(representation.execution(execution), 202, location)


@executions.operation("GET", "/{execution_id}/events", {200: schemas.EventList}, errors=(404,))
def events(call: Call, execution_id: str) -> schemas.EventList:
    """Its domain events, oldest first."""
    found = service.events(call.ports.store.executions, call.caller, execution_id)
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
    execution = _found(call, execution_id)
    try:
        begin = StreamPosition.parse(request.headers.get("Last-Event-ID") or str(StreamPosition()))
    except ValueError as error:
        raise BadRequest(f"Last-Event-ID: {error}") from None
    if begin.received is Received.END:
        return Response(status=204)
    return streamed(
        call,
        lambda allowed: sse.response(
            stream_execution(call.ports, execution, begin, allowed=allowed)
        ),
    )


@executions.operation("DELETE", "/{execution_id}", {204: None}, errors=(404, 409))
def delete(call: Call, execution_id: str) -> Answer:
    """Erase the program and its result, once the execution is terminal."""
    erase(call.ports.store.executions, call.ports.blobs, _found(call, execution_id))
    return Answer(None, 204)


def _found(call: Call, execution_id: str) -> Execution:
    """Raises NotFound, also for an execution that the caller may not see."""
    return service.find(call.ports.store.executions, call.caller, execution_id)


def _awaited(call: Call, execution: Execution, seconds: float) -> schemas.Execution:
    if seconds and not execution.state.terminal:
        wait = partial(
            wait_for_end, call.ports.store.executions, call.ports.wakeups, execution.id, seconds
        )
        execution = waited(call, wait, otherwise=execution)
    found = service.details(call.ports.store.results, call.ports.admission, execution)
    return representation.execution(found.execution, found.result, found.queue_position)
