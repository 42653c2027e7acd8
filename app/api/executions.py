"""/api/v1/executions: submit a program, follow it, get its result."""

from collections.abc import Mapping
from functools import partial

from flask import Response, request
from werkzeug.exceptions import BadRequest

from app import logs
from app.api import byte_ranges, representation, schemas, sse
from app.api.audit import note
from app.api.body_and_query import body_hash
from app.api.context import Call
from app.api.operations import Answer, Later, Section
from app.api.pages import page
from app.api.printed import of_compiler, of_run, of_test, printed
from app.api.requests import BulkSelection, ExecutionQuery, Wait
from app.api.submission.form import Submission
from app.api.submission.original import original
from app.api.submission.rules import validate
from app.api.validation import Read
from app.api.waiting import streamed, waited
from app.domain.errors import (
    Gone,
    NotFound,
    StoreUnavailable,
)
from app.domain.execution import Execution, State
from app.service import executions as service
from app.service.bulk import Bulk, in_bulk
from app.service.cancel import cancel as cancel_execution
from app.service.retention import erase
from app.service.retry import retry as retry_execution
from app.service.stream import stream as stream_execution
from app.service.stream_items import Received, StreamPosition
from app.service.submit import check_quota, keep
from app.service.submit import submit as submit_execution
from app.service.waiting import wait_for_end

executions = Section("Executions", "/api/v1/executions")


@executions.operation(
    "POST",
    "",
    {202: schemas.Execution, 200: schemas.Execution},
    errors=(410,),
    sends={202: ("Location",), 200: ("Location",)},
    own_work=True,
)
def submit(
    call: Call, body: Read[Submission], query: Wait, idempotency_key: str | None
) -> Answer | Later:
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
        idempotency_key=idempotency_key,
        body_hash=body_hash(),
        capacity=call.context.capacity,
        cpu_days=call.context.cpu_days,
        durable=query.wait is None,
    )
    logs.about_execution(execution.id)
    location = {"Location": f"/api/v1/executions/{execution.id}"}
    if query.wait is None:
        return Answer(representation.execution(execution, reader=call.caller), 202, location)
    return partial(_ended, call, execution, query.wait, location)


def _ended(call: Call, execution: Execution, seconds: float, location: Mapping[str, str]) -> Answer:
    try:
        shown, status = _awaited(call, execution, seconds), 200
    except StoreUnavailable:
        # It was accepted; an error would make the client submit it again.
        shown, status = representation.execution(execution, reader=call.caller), 202
    except NotFound:
        raise Gone("the execution was deleted while the request was waiting for it") from None
    keep(call.ports.store.executions, State(shown.state))
    return Answer(shown, status, location)


@executions.operation("GET", "", {200: schemas.ExecutionPage})
def list_(call: Call, query: ExecutionQuery) -> schemas.ExecutionPage:
    """Your executions, newest first. `result` is null: get the execution to see it."""
    found = service.newest(
        call.ports.store.executions,
        call.caller,
        query.to_domain(),
        query.cursor,
        query.limit + 1,
    )
    items, next_cursor = page(found, query.limit)
    return schemas.ExecutionPage(
        items=[representation.execution(execution, reader=call.caller) for execution in items],
        next_cursor=next_cursor,
    )


@executions.operation("POST", "/cancel", {200: schemas.BulkDone, 202: schemas.BulkDone})
def cancel_selected(call: Call, body: BulkSelection) -> Answer:
    """Cancel up to 100 of the executions that match and are not terminal, newest first.

    The response is 202 if more remain: repeat the request until it is 200.
    """
    return _in_bulk(call, Bulk.CANCEL, body)


@executions.operation("POST", "/retry", {200: schemas.BulkDone, 202: schemas.BulkDone})
def retry_selected(call: Call, body: BulkSelection) -> Answer:
    """Retry up to 100 of the executions that match, are terminal and were not retried.

    The response is 202 if more remain: repeat the request until it is 200. Set `to`, so that the
    retries themselves are not retried in turn.
    """
    return _in_bulk(call, Bulk.RETRY, body)


@executions.operation("POST", "/delete", {200: schemas.BulkDone, 202: schemas.BulkDone})
def delete_selected(call: Call, body: BulkSelection) -> Answer:
    """Erase up to 100 of the executions that match and are terminal, newest first.

    The response is 202 if more remain: repeat the request until it is 200.
    """
    return _in_bulk(call, Bulk.DELETE, body)


def _in_bulk(call: Call, action: Bulk, body: BulkSelection) -> Answer:
    done = in_bulk(
        call.ports,
        call.caller,
        action,
        body.to_domain(),
        dry_run=body.dry_run,
        capacity=call.context.capacity,
        cpu_days=call.context.cpu_days,
    )
    note({"owner": body.owner, "dry_run": body.dry_run, "done": done.done})
    shown = schemas.BulkDone(done=done.done, skipped=done.skipped, remaining=done.remaining)
    return Answer(shown, 202 if done.remaining and not body.dry_run else 200)


@executions.operation("GET", "/{execution_id}", {200: schemas.Execution}, errors=(404,))
def get(call: Call, execution_id: str, query: Wait) -> schemas.Execution:
    """An execution; with `?wait=`, once it is terminal or the time is over."""
    return _awaited(call, _found(call, execution_id), query.wait or 0)


@executions.operation("POST", "/{execution_id}/cancel", {202: schemas.Execution}, errors=(404, 409))
def cancel(call: Call, execution_id: str) -> Answer:
    """Cancel it. It never gets a result. Its pod and slot are released soon after."""
    execution = cancel_execution(call.ports, _found(call, execution_id))
    return Answer(representation.execution(execution, reader=call.caller), 202)


@executions.operation(
    "POST",
    "/{execution_id}/retry",
    {202: schemas.Execution},
    errors=(404, 409, 410),
    sends={202: ("Location",)},
)
def retry(call: Call, execution_id: str) -> Answer:
    """Run its program again, as a new execution with `retry_of`.

    Repeated, it returns the same execution, or 410 if that execution was deleted.
    """
    found = _found(call, execution_id)
    if found.state.terminal and found.retried_as is None:
        check_quota(call.ports, call.caller, call.context.capacity, call.context.cpu_days)
    execution = retry_execution(call.ports, found)
    if execution.erased:
        raise Gone(f"execution {execution_id} was retried as {execution.id}, which was deleted")
    location = {"Location": f"/api/v1/executions/{execution.id}"}
    return Answer(representation.execution(execution, reader=call.caller), 202, location)


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
    - `test`: how a test ended, not its verdict: `{"attempt", "index", "exit_code", "signal",
      "wall_ms", "cpu_ms", "memory_peak_kib", "stopped_by"}`; all null if it did not run. What
      tests print is not sent.
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
            call.caller, stream_execution(call.ports, execution, begin, allowed=allowed)
        ),
    )


@executions.operation(
    "GET", "/{execution_id}/submission", {200: schemas.SentSubmission}, errors=(404,)
)
def submission(call: Call, execution_id: str) -> schemas.SentSubmission:
    """What was submitted, as `POST` received it."""
    found = service.submission(call.ports.store.executions, call.caller, execution_id)
    return schemas.SentSubmission(original(found))


_returns_bytes = partial(
    executions.operation,
    answers=byte_ranges.ANSWERS,
    errors=(404, 416),
    headers=byte_ranges.REQUEST_HEADERS,
    sends=byte_ranges.SENDS,
)


@_returns_bytes("GET", "/{execution_id}/stdout")
def stdout(call: Call, execution_id: str) -> Response:
    """All bytes that the program printed on stdout, or a range of them."""
    return printed(call, execution_id, "stdout", of_run)


@_returns_bytes("GET", "/{execution_id}/stderr")
def stderr(call: Call, execution_id: str) -> Response:
    """All bytes that the program printed on stderr, or a range of them."""
    return printed(call, execution_id, "stderr", of_run)


@_returns_bytes("GET", "/{execution_id}/compile/stdout")
def compile_stdout(call: Call, execution_id: str) -> Response:
    """All bytes that the compiler printed on stdout, or a range of them."""
    return printed(call, execution_id, "stdout", of_compiler)


@_returns_bytes("GET", "/{execution_id}/compile/stderr")
def compile_stderr(call: Call, execution_id: str) -> Response:
    """All bytes that the compiler printed on stderr, or a range of them."""
    return printed(call, execution_id, "stderr", of_compiler)


@_returns_bytes("GET", "/{execution_id}/tests/{index}/stdout")
def test_stdout(call: Call, execution_id: str, index: str) -> Response:
    """All bytes that the test of this index (0, 1, …) printed on stdout, or a range of them."""
    return printed(call, execution_id, "stdout", of_test(index))


@_returns_bytes("GET", "/{execution_id}/tests/{index}/stderr")
def test_stderr(call: Call, execution_id: str, index: str) -> Response:
    """All bytes that the test of this index (0, 1, …) printed on stderr, or a range of them."""
    return printed(call, execution_id, "stderr", of_test(index))


@executions.operation("DELETE", "/{execution_id}", {204: None}, errors=(404, 409))
def delete(call: Call, execution_id: str) -> Answer:
    """Erase the program and its result, once the execution is terminal.

    Can be repeated: the response is the same.
    """
    executions = call.ports.store.executions
    erase(executions, call.ports.blobs, service.find_row(executions, call.caller, execution_id))
    return Answer(None, 204)


def _found(call: Call, execution_id: str) -> Execution:
    """Raises NotFound, also for an execution that the caller may not see."""
    execution = service.find(call.ports.store.executions, call.caller, execution_id)
    note({"owner": execution.owner})
    return execution


def _awaited(call: Call, execution: Execution, seconds: float) -> schemas.Execution:
    if seconds and not execution.state.terminal:
        wait = partial(
            wait_for_end, call.ports.store.executions, call.ports.wakeups, execution.id, seconds
        )
        execution = waited(call, wait, otherwise=execution)
    found = service.details(
        call.ports.store.results, call.ports.blobs, call.ports.admission, execution
    )
    return representation.execution(
        found.execution, found.result, found.queue_position, reader=call.caller
    )
