"""Every error that this package raises.

PodlineError
├── InvalidArgument          (also a ValueError) something that can't be sent
├── Unreachable              no answer: refused, timed out, or broken off
├── ProtocolError            an answer, but not one of Podline's API
├── WaitTimeout              the execution did not end in the time given
└── ApiError                 the API answered with a problem document
    ├── Unauthenticated      401
    ├── Forbidden            403
    ├── NotFound             404
    ├── Conflict             409
    ├── Gone                 410
    ├── Invalid              400, 413, 415, 422
    ├── RateLimited          429
    └── ServerError          5xx
        └── Unavailable      503
"""

from dataclasses import dataclass
from typing import Self


class PodlineError(Exception):
    """Base of every error of this package."""


class InvalidArgument(PodlineError, ValueError):
    """An argument can't be sent: a malformed URL or key, text that is not UTF-8, NaN."""


class Unreachable(PodlineError):
    """The API gave no answer, however often it was asked."""


class ProtocolError(PodlineError):
    """What answered does not speak version 1 of Podline's API."""


class WaitTimeout(PodlineError):
    """The execution did not end in the time given; it continues under `execution_id`."""

    def __init__(self, execution_id: str, state: str) -> None:
        super().__init__(f"execution {execution_id} is {state}")
        self.execution_id = execution_id
        self.state = state

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Two arguments made the message, so that pickle needs both."""
        return type(self), (self.execution_id, self.state)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One bad field: a JSON pointer (RFC 6901) into the body, and what is wrong with it."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document (RFC 9457)."""

    status: int
    title: str
    detail: str | None = None
    type: str = "about:blank"
    errors: tuple[FieldProblem, ...] = ()
    request_id: str | None = None
    """`X-Request-Id` of the response: what to look for in the service's log."""
    retry_after: float | None = None
    """Seconds."""

    def __str__(self) -> str:
        fields = "; ".join(f"{field.pointer}: {field.detail}" for field in self.errors)
        said = [self.detail, fields] if fields not in (self.detail or "") else [self.detail]
        return ": ".join(part for part in (self.title, *said) if part)


class ApiError(PodlineError):
    """The API refused the request; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Unauthenticated(ApiError):
    """No key, or one that the service does not know."""


class Forbidden(ApiError):
    """The key's role does not allow this."""


class NotFound(ApiError):
    """There is no such thing, or it belongs to another owner."""


class Conflict(ApiError):
    """Not possible in the state that the thing is in."""


class Gone(ApiError):
    """The execution of this Idempotency-Key, or the retry that was made before, was deleted."""


class Invalid(ApiError):
    """The request breaks a rule of the API; `problem.errors` names each field."""


class RateLimited(ApiError):
    """Too many requests, or too many unfinished executions."""


class ServerError(ApiError):
    """The service failed."""


class Unavailable(ServerError):
    """A part of the service is away; trying again later may help."""


def error_of(problem: Problem) -> ApiError:
    """The error that stands for this problem."""
    error = _OF_STATUS.get(problem.status, ServerError if problem.status >= 500 else ApiError)
    return error(problem)


_OF_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: RateLimited,
    503: Unavailable,
}
