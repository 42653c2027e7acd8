"""Errors as sentences from which a model can tell what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.mcpserver.exceptions import ToolError

from podline import (
    ApiError,
    Invalid,
    InvalidArgument,
    NotFound,
    PodlineError,
    RateLimited,
    ServerError,
    Unauthenticated,
    Unavailable,
    Unreachable,
)


@contextmanager
def told() -> Iterator[None]:
    """Raise ToolError for any error of the client. The model isn't shown any other error."""
    try:
        yield
    except PodlineError as error:
        raise ToolError(sentence(error)) from error


def sentence(error: PodlineError) -> str:
    """Say what is wrong, and what to do about it."""
    match error:
        case Invalid() | InvalidArgument():
            return f"{error}. Correct the arguments and call the tool again."
        case NotFound():
            return f"{error}. It may have been erased, or belong to somebody else."
        case Unauthenticated():
            return f"{error}. Ask the user to configure a valid Podline API key."
        case RateLimited() | Unavailable():
            return f"{error}. {_when(error)}"
        case Unreachable():
            return f"Podline can't be reached: {error}. Try again later, or tell the user."
        case ServerError():
            return f"Podline failed: {error}. Try again later, or tell the user."
    return str(error)


def _when(error: ApiError) -> str:
    seconds = error.problem.retry_after
    return f"Try again in {seconds:g} seconds." if seconds else "Try again later."
