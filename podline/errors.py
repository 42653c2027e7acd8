"""All errors that this package raises.

PodlineError
├── InvalidArgument          (also a ValueError) an argument can't be sent
├── Unreachable              no response: refused, timed out, or broken off
├── ProtocolError            a response that is not from Podline's API
├── InvalidSignature         a callback was not signed by this service, or not recently
├── WaitTimeout              the execution did not end in time
└── ApiError                 the API returned a problem document
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

from dataclasses import dataclass, field
from typing import Self


class PodlineError(Exception):
    """Base class of all errors in this package."""


class InvalidArgument(PodlineError, ValueError):
    """An argument can't be sent: a malformed URL or key, text that is not UTF-8, NaN."""


class Unreachable(PodlineError):
    """The API did not respond, even to repeated requests."""


class ProtocolError(PodlineError):
    """The response does not follow version 1 of Podline's API."""


class InvalidSignature(PodlineError):
    """A callback was not signed with this secret, was changed, or is too old. Don't trust it."""


class WaitTimeout(PodlineError):
    """The execution did not end in time. It continues; `execution_id` names it."""

    def __init__(self, execution_id: str, state: str) -> None:
        super().__init__(f"execution {execution_id} is {state}")
        self.execution_id = execution_id
        self.state = state

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Keep both arguments; by default, pickle keeps the message only."""
        return type(self), (self.execution_id, self.state)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One invalid field: a JSON pointer (RFC 6901) into the body, and what is wrong."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}" if self.pointer else f"the body {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document (RFC 9457)."""

    status: int
    title: str
    detail: str | None = None
    type: str = "about:blank"
    errors: tuple[FieldProblem, ...] = field(default=(), metadata={"null_means_default": True})
    request_id: str | None = None
    """The response's `X-Request-Id`, by which to search the service's log."""
    retry_after: float | None = None
    """Seconds."""

    def __str__(self) -> str:
        fields = "; ".join(map(str, self.errors))
        said = [self.detail, fields] if fields not in (self.detail or "") else [self.detail]
        return ": ".join(part for part in (self.title, *said) if part)


class ApiError(PodlineError):
    """The API returned an error; `problem` describes it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.in_doubt = False
        """Whether an earlier try of the same request may have been carried out: its response was
        lost, or said that the service failed.
        """


class Unauthenticated(ApiError):
    """The key is missing or unknown to the service."""


class Forbidden(ApiError):
    """The key's role does not allow this request."""


class NotFound(ApiError):
    """The resource does not exist, or belongs to another owner."""


class Conflict(ApiError):
    """The resource's current state does not allow this request."""


class Gone(ApiError):
    """The execution that this Idempotency-Key or retry created earlier was deleted."""


class Invalid(ApiError):
    """The request is invalid; `problem.errors` names each invalid field."""


class RateLimited(ApiError):
    """Too many requests, or too many unfinished executions."""


class ServerError(ApiError):
    """The service failed."""


class Unavailable(ServerError):
    """A dependency of the service is unavailable; trying again later may help."""


def error_of(problem: Problem) -> ApiError:
    """Return the error class for the problem's status."""
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
