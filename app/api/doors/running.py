"""Runs a program while its client waits in the request, as clients of other systems do.

They take 429 and 503 for wrong results, so a door holds a request for as long as its client waits,
and refuses it only before anything is submitted.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from flask import Response, request
from ulid import ULID
from werkzeug.exceptions import GatewayTimeout

from app import logs
from app.api.bounds import prune
from app.api.context import Call
from app.api.large_bodies import LARGE_BYTES
from app.api.submission import form
from app.api.submission.rules import validate
from app.api.validation import read
from app.api.waiting import has_client, place
from app.domain.errors import Conflict, Gone, InvalidRequest, NotFound
from app.domain.execution import Execution
from app.domain.problems import Problems
from app.domain.result import Result
from app.domain.submission import Submission
from app.service import executions as service
from app.service.cancel import cancel
from app.service.keys import StillValid
from app.service.printed import whole
from app.service.room import held
from app.service.submit import submit
from app.service.waiting import wait_for_end

T = TypeVar("T")


class DeadlinePassed(GatewayTimeout):
    """The client's own time is over, and nobody will read the result."""

    description = "the program has not ended in the time that this request can take"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a client is to be told, and until when."""

    seconds: float
    """The client's own deadline, from the beginning of the request."""
    answer: Callable[[Execution, Result | None], Response]
    """For a terminal execution. The result has everything that was printed, however long.

    It is None for executions that failed or were cancelled.
    """
    late: Callable[[Execution], Response] | None = None
    """For an execution that has not ended in time. None: it is cancelled."""


def run(call: Call, read: Callable[[], tuple[Submission, Promise]]) -> Response:
    """Read the body, submit what it asks for, wait for its end, and respond.

    `read` runs in the turn of a large body, and nothing refers to the body while this waits.

    Raises TooManyWaiting before anything is submitted, what `read` and `submit` raise,
    DeadlinePassed, Gone and KeyDeleted.
    """
    began = monotonic()
    with place(call):
        execution, promise = _accepted(call, read)
        until = began + promise.seconds
        logs.about_execution(execution.id)
        execution = _awaited(call, execution, until)
        if execution.state.terminal:
            return respond(call, execution, promise.answer, until)
        if promise.late is not None:
            return promise.late(execution)
        return respond(call, _cancelled(call, execution), promise.answer, until)


def respond(
    call: Call,
    execution: Execution,
    answer: Callable[[Execution, Result | None], Response],
    until: float = 0,
) -> Response:
    """The response for a terminal execution; `answer` is given the whole output.

    It waits `until` that time (of the monotonic clock) for a store that does not answer.
    """

    def act() -> Response:
        result = service.stored_result(call.ports.store.results, execution)
        size = result.printed.size if result and result.printed else 0
        with call.context.large_bodies.turn(call.caller.name, size):
            return answer(execution, result and whole(call.ports.blobs, result))

    return _held(call, act, until - monotonic())


def submission_of(call: Call, sent: dict[str, Any]) -> Submission:
    """The submission that this body of the API's own asks for. Raises InvalidRequest."""
    policy, problems = call.context.policy, Problems()
    prune(problems, form.Submission, sent, policy.input)
    if problems.full:
        raise InvalidRequest(problems.found)
    found = read(form.Submission, sent, problems)
    return validate(found, policy, call.context.languages.known(), call.caller.role)


def _accepted(
    call: Call, read: Callable[[], tuple[Submission, Promise]]
) -> tuple[Execution, Promise]:
    size = request.content_length
    with call.context.large_bodies.turn(call.caller.name, size):
        submission, promise = read()
        act = partial(
            submit,
            call.ports,
            call.caller,
            submission,
            capacity=call.context.capacity,
            cpu_days=call.context.cpu_days,
            new_id=str(ULID()),
        )
        # Large ones are not held: they would stay in memory, and others wait for their turn.
        small = size is not None and size <= LARGE_BYTES
        return _held(call, act, promise.seconds if small else 0), promise


def _awaited(call: Call, execution: Execution, until: float) -> Execution:
    store, wakeups = call.ports.store, call.ports.wakeups
    allowed = StillValid(store.keys, call.caller)

    def act() -> Execution:
        seconds = until - monotonic()
        with call.context.turnstile.waiting():
            return wait_for_end(
                store.executions, wakeups, execution.id, seconds, allowed, _wanted()
            )

    try:
        return _held(call, act, until - monotonic())
    except NotFound:
        raise Gone("the execution was deleted while the request was waiting for it") from None


def _held(call: Call, act: Callable[[], T], seconds: float) -> T:
    return held(act, seconds, _wanted(), partial(_pause, call))


def _pause(call: Call, seconds: float) -> None:
    with call.context.turnstile.waiting():
        time.sleep(seconds)


def _cancelled(call: Call, execution: Execution) -> Execution:
    """Cancel it, unless it ended at the last moment. Raises DeadlinePassed."""
    with suppress(Conflict):
        cancel(call.ports, execution)
        raise DeadlinePassed
    return service.find(call.ports.store.executions, call.caller, execution.id)


def _wanted() -> Callable[[], bool]:
    return partial(has_client, request.environ)
