"""Shows submissions: one by its token, several by theirs, or all; and deletes one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from flask import Response, request

from app.api.context import Call
from app.api.doors.json_response import json_response
from app.api.doors.judge0 import query
from app.api.doors.judge0.answers import (
    NOT_TEXT,
    NOT_TEXTS,
    Refused,
    error,
    streamed,
)
from app.api.doors.judge0.batch_sizes import check_count
from app.api.doors.judge0.encoding import NotText
from app.api.doors.judge0.operators import operator
from app.api.doors.judge0.tokens import execution_of
from app.api.doors.judge0.viewing import stored_fields
from app.domain.api_key import ApiKey
from app.domain.errors import NotFound
from app.domain.execution import Execution
from app.domain.filters import ExecutionFilter
from app.service import executions as service
from app.service.retention import erase

_STEP: Final = 500
_NOT_YET: Final = "submission cannot be deleted because its status is {id} ({description})"


def show(call: Call, token: str) -> Response:
    fields, execution = query.fields(request.args), _found(call, call.caller, token)
    try:
        return json_response(stored_fields(call, execution, fields, base64=_base64(call)))
    except NotText:
        return error(NOT_TEXT, 400)


def show_batch(call: Call) -> Response:
    """In the order of the tokens; null for each that is not found."""
    sent = request.args.get("tokens") or request.headers.get("tokens") or ""
    tokens = [token.strip() for token in sent.split(",") if token.strip()]
    check_count(len(tokens))
    executions = [_if_found(call, token) for token in tokens]
    return _listed(call, executions, query.fields(request.args))


def list_all(call: Call) -> Response:
    """Those of all owners, newest first. The oldest are only found by their tokens."""
    key = operator(call)
    (number, size), fields = query.page(request.args), query.fields(request.args)
    executions, everyones = call.ports.store.executions, ExecutionFilter(owner=service.ALL_OWNERS)
    found: Sequence[Execution] = ()
    if number * size <= query.MOST_ROWS:
        newest = partial(service.newest, executions, key, everyones)
        found = _page(newest, (number - 1) * size, size)
    total = service.count(executions, key, everyones, query.MOST_ROWS)
    return _listed(call, found, fields, meta=_meta(number, size, total))


def _page(
    newest: Callable[[str | None, int], Sequence[Execution]], skipped: int, size: int
) -> Sequence[Execution]:
    """Skips in steps, so that few rows are in memory."""
    before: str | None = None
    while skipped > 0:
        rows = newest(before, min(skipped, _STEP))
        if not rows:
            return ()
        before, skipped = rows[-1].id, skipped - len(rows)
    return newest(before, size) if size else ()


def _meta(number: int, size: int, total: int) -> dict[str, int | None]:
    pages = -(-total // size) if size else 0
    return {
        "current_page": number,
        "next_page": number + 1 if number < pages else None,
        "prev_page": number - 1 if 1 < number <= pages else None,
        "total_pages": pages,
        "total_count": total,
    }


def delete(call: Call, token: str) -> Response:
    """Responds with the submission as it was."""
    key = operator(call)
    fields = query.fields(request.args)
    execution = _found(call, key, token)
    if not execution.state.terminal:
        status = stored_fields(call, execution, ["status"], base64=True)["status"]
        raise Refused(_NOT_YET.format(**status))
    response = json_response(stored_fields(call, execution, fields, base64=True))
    erase(call.ports.store.executions, call.ports.blobs, execution)
    return response


def _base64(call: Call) -> bool:
    return query.base64(request.args, implicit=call.context.doors.judge0_implicit_base64)


def _found(call: Call, key: ApiKey, token: str) -> Execution:
    """Raises NotFound."""
    execution_id = execution_of(token)
    if execution_id is None:
        raise NotFound(f"there is no submission {token[:36]}")
    return service.find(call.ports.store.executions, key, execution_id)


def _if_found(call: Call, token: str) -> Execution | None:
    try:
        return _found(call, call.caller, token)
    except NotFound:
        return None


def _listed(
    call: Call,
    executions: Iterable[Execution | None],
    fields: Sequence[str],
    **rest: Any,
) -> Response:
    """One after another, so that only one is in memory; twice, if one might be no text."""
    base64 = _base64(call)

    def items() -> Iterator[dict[str, Any] | None]:
        for each in executions:
            try:
                yield stored_fields(call, each, fields, base64=base64) if each else None
            except NotFound:  # Its files were removed meanwhile.
                yield None

    try:
        for _ in () if base64 else items():
            pass
    except NotText:
        return error(NOT_TEXTS, 400)
    return streamed("submissions", items(), **rest)
