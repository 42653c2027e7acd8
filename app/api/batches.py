"""/api/v1/batches: submit many programs in one request, and follow them together."""

from functools import partial

from flask import Response, request
from werkzeug.exceptions import BadRequest

from app.api import representation, schemas, sse
from app.api.audit import note
from app.api.body_and_query import body_hash
from app.api.context import Call
from app.api.operations import Answer, Section
from app.api.requests import Wait
from app.api.submission.batch import NewBatch, validate_batch
from app.api.waiting import streamed, waited
from app.domain.batch import Batch
from app.service import batches as service
from app.service.batch_stream import BatchPosition, stream_batch

batches = Section("Batches", "/api/v1/batches")


@batches.operation(
    "POST",
    "",
    {202: schemas.Batch},
    errors=(410, 429),
    sends={202: ("Location",)},
    own_work=True,
)
def submit(call: Call, body: NewBatch, idempotency_key: str | None) -> Answer:
    """Submit up to 100 programs, in up to 12 MiB.

    Each entry of the response has the execution, or the problem document of a program that was
    refused, with JSON pointers into the body. An `Idempotency-Key` covers all of them. The quota of
    unfinished executions must have room for all.
    """
    items = list(
        validate_batch(body, call.context.policy, call.context.languages.known(), call.caller.role)
    )
    found = service.submit_batch(
        call.ports,
        call.caller,
        items,
        idempotency_key=idempotency_key,
        body_hash=body_hash(),
        capacity=call.context.capacity,
        cpu_days=call.context.cpu_days,
    )
    location = {"Location": f"/api/v1/batches/{found.batch.id}"}
    return Answer(representation.batch(found, call.caller), 202, location)


@batches.operation("GET", "/{batch_id}", {200: schemas.Batch}, errors=(404,))
def get(call: Call, batch_id: str, query: Wait) -> schemas.Batch:
    """A batch; with `?wait=`, once all its executions are terminal or the time is over.

    Executions have no `result` here: get each one, or follow the stream.
    """
    batch = _found(call, batch_id)
    executions = call.ports.store.executions
    if query.wait:
        wait = partial(service.wait_for_ends, executions, call.ports.wakeups, batch, query.wait)
        waited(call, wait, otherwise=None)
    return representation.batch(service.details(executions, batch), call.caller)


@batches.operation("POST", "/{batch_id}/cancel", {202: schemas.Batch}, errors=(404,))
def cancel(call: Call, batch_id: str) -> Answer:
    """Cancel all its executions that are not terminal."""
    cancelled = service.cancel(call.ports, _found(call, batch_id))
    return Answer(representation.batch(cancelled, call.caller), 202)


@batches.operation(
    "GET",
    "/{batch_id}/stream",
    {200: sse.MEDIA_TYPE, 204: None},
    errors=(400, 404),
    headers=("Last-Event-ID",),
)
def stream(call: Call, batch_id: str) -> Response:
    """Server-sent events: each execution once it has ended, until `end`.

    - `execution`: the execution, with its result if it is completed.
    - `end`: `{"batch_id"}`. All executions are terminal.

    After a broken connection, send the last id as `Last-Event-ID`: the stream continues with what
    was not sent yet. After `end`, the response is 204. When nothing happens, a comment comes every
    15 s.
    """
    batch = _found(call, batch_id)
    try:
        begin = BatchPosition.parse(request.headers.get("Last-Event-ID") or str(BatchPosition()))
    except ValueError as error:
        raise BadRequest(f"Last-Event-ID: {error}") from None
    if begin.over:
        return Response(status=204)
    return streamed(
        call,
        lambda allowed: sse.batch_response(
            call.caller,
            stream_batch(call.ports, batch, begin, allowed=allowed),
        ),
    )


def _found(call: Call, batch_id: str) -> Batch:
    """Raises NotFound, also for a batch that the caller may not see."""
    batch = service.find(call.ports, call.caller, batch_id)
    note({"owner": batch.owner})
    return batch
