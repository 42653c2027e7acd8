"""Requests that wait, each in a waiting place, for as long as the client is connected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from flask import Response, request

from app.api import auth
from app.api.context import Call
from app.domain.errors import TooManyStreams, TooManyWaiting
from app.service import sessions
from app.service.keys import StillValid

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

T = TypeVar("T")


def waited(call: Call, wait: Callable[..., T], otherwise: T) -> T:
    """What `wait` returns. It continues while it is `allowed` and `wanted`.

    Without a free waiting place, `otherwise`: the client asks again.
    """
    try:
        with place(call), call.context.turnstile.waiting():
            return wait(
                allowed=_still_valid(call),
                wanted=partial(has_client, request.environ),
            )
    except TooManyWaiting:
        return otherwise


@contextmanager
def place(call: Call) -> Iterator[None]:
    """Hold a waiting place. Raises TooManyWaiting."""
    owner = call.caller.name
    if not call.context.waiting_places.take(owner):
        raise TooManyWaiting
    try:
        yield
    finally:
        call.context.waiting_places.leave(owner)


def streamed(call: Call, stream: Callable[..., Response]) -> Response:
    """The response of `stream`, which continues while it is `allowed`.

    Raises TooManyStreams.
    """
    owner = call.caller.name
    if not call.context.waiting_places.take(owner):
        raise TooManyStreams
    with _left_on_error(call, owner):
        response = stream(allowed=_still_valid(call))
    response.call_on_close(partial(call.context.waiting_places.leave, owner))
    return response


def _still_valid(call: Call) -> StillValid:
    """Of the request's key, and of its session if it came with a cookie."""
    keys = call.ports.store.keys
    cookie = "" if auth.secret() else auth.session_secret()
    if not cookie:
        return StillValid(keys, call.caller)
    return StillValid(keys, call.caller, partial(sessions.lasts, call.ports.sessions, cookie))


@contextmanager
def _left_on_error(call: Call, owner: str) -> Iterator[None]:
    try:
        yield
    except BaseException:  # raised again
        call.context.waiting_places.leave(owner)
        raise


def has_client(environ: "WSGIEnvironment") -> bool:
    """Whether the client is still connected; only waitress knows."""
    left = environ.get("waitress.client_disconnected")
    return left is None or not left()
