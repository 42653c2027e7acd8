"""The client of Podline, the service that runs untrusted programs.

    with podline.Client() as client:
        execution = client.run("print(6 * 7)", language="python")
        print(execution.result.stdout)

Needs httpx and nothing else.
"""

from podline.client import Client
from podline.errors import (
    ApiError,
    Conflict,
    FieldProblem,
    Forbidden,
    Invalid,
    NotFound,
    PodlineError,
    Problem,
    ProtocolError,
    RateLimited,
    ServerError,
    Unauthenticated,
    Unavailable,
    Unreachable,
    WaitTimeout,
)
from podline.models import (
    CompileResult,
    DeadLetter,
    Dependency,
    Event,
    Execution,
    HeldLimit,
    Holder,
    Key,
    Language,
    LimitRange,
    Limits,
    LimitsInForce,
    NewKey,
    Outcome,
    Priority,
    Queue,
    Readiness,
    Result,
    Role,
    Slots,
    State,
)
from podline.streaming import EndEvent, OutputEvent, ResultEvent, StateEvent, StreamEvent
from podline.submission import Submission

__all__ = [
    "ApiError",
    "Client",
    "CompileResult",
    "Conflict",
    "DeadLetter",
    "Dependency",
    "EndEvent",
    "Event",
    "Execution",
    "FieldProblem",
    "Forbidden",
    "HeldLimit",
    "Holder",
    "Invalid",
    "Key",
    "Language",
    "LimitRange",
    "Limits",
    "LimitsInForce",
    "NewKey",
    "NotFound",
    "Outcome",
    "OutputEvent",
    "PodlineError",
    "Priority",
    "Problem",
    "ProtocolError",
    "Queue",
    "RateLimited",
    "Readiness",
    "Result",
    "ResultEvent",
    "Role",
    "ServerError",
    "Slots",
    "State",
    "StateEvent",
    "StreamEvent",
    "Submission",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "WaitTimeout",
]
