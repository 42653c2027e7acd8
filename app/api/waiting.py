"""Requests that wait: for a place, for an end, and as long as the client is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from flask import Response, request

from app.api.context import Call
from app.domain.errors import TooManyStreams
from app.service.keys import still_valid

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

T = TypeVar("T")


def waited(call: Call, wait: Callable[..., T], otherwise: T) -> T:
    """What `wait` returns, which is told whether to continue: `allowed` and `wanted`.

    Without a free place to wait, `otherwise`: the client asks again.
    """
    owner = call.caller.name
    if not call.context.places.take(owner):
        return otherwise
    try:
        with call.context.turnstile.waiting():
            return wait(
                allowed=still_valid(call.ports.store.keys, call.caller),
                wanted=partial(_has_client, request.environ),
            )
    finally:
        call.context.places.leave(owner)


def streamed(call: Call, stream: Callable[..., Response]) -> Response:
    """The response of `stream`, which is told whether to continue: `allowed`.

    Raises TooManyStreams.
    """
    owner = call.caller.name
    if not call.context.places.take(owner):
        raise TooManyStreams
    with _left_on_error(call, owner):
        response = stream(allowed=still_valid(call.ports.store.keys, call.caller))
    response.call_on_close(partial(call.context.places.leave, owner))
    return response


@contextmanager
def _left_on_error(call: Call, owner: str) -> Iterator[None]:
    try:
        yield
    except BaseException:  # raised again
        call.context.places.leave(owner)
        raise


def _has_client(environ: "WSGIEnvironment") -> bool:
    """Whether the client is still connected; only waitress knows."""
    left = environ.get("waitress.client_disconnected")
    return left is None or not left()
