"""Every error that crosses a boundary of ours.

PodlineError
├── InvalidRequest           the caller's input is wrong: says which field and why
├── NotFound                 no such thing, or it belongs to somebody else
├── Gone                     it existed, and was deleted
├── Forbidden                the key's role does not allow it
├── KeyDeleted               the key was deleted while its request waited
├── Conflict                 not possible in the state that the thing is in
│   └── IllegalTransition    not in `TRANSITIONS`
├── IdempotencyMismatch      the same Idempotency-Key came with another body
├── QuotaExceeded            too many unfinished executions
├── InvalidPosition          no place in this event log
├── InvalidTarget            nothing can be replayed to there
├── RunRefused               the runtime can never run this, however often it is tried
├── DoesNotFollow            an event is not the next one of its execution
└── Unavailable              a dependency is unavailable; trying again later can help
    ├── TooManyStreams
    ├── StoreUnavailable
    │   └── StoreFull
    ├── TargetUnavailable
    ├── CoordinationUnavailable
    ├── BrokerUnavailable
    ├── RuntimeUnavailable
    └── EventLogUnavailable
        └── EventLogFull
"""

from dataclasses import dataclass


class PodlineError(Exception):
    """Base of every error of ours."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One bad field: a JSON pointer (RFC 6901) into the body, and what to do about it."""

    pointer: str
    detail: str


class InvalidRequest(PodlineError):
    """What was sent breaks a rule of the API; `problems` names each field."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in problems))
        self.problems = problems


class NotFound(PodlineError):
    """There is no such thing, or it belongs to another owner."""


class Gone(PodlineError):
    """It existed, and was deleted."""


class Forbidden(PodlineError):
    """The key's role does not allow this."""


class KeyDeleted(PodlineError):
    """The key was deleted while this request waited."""


class Conflict(PodlineError):
    """The thing is in a state in which this can't be done."""


class IllegalTransition(Conflict):
    """The transition is not in the table."""


class IdempotencyMismatch(PodlineError):
    """The Idempotency-Key was used before with another body."""


class QuotaExceeded(PodlineError):
    """Too many unfinished executions; try again when some have ended."""


class InvalidPosition(PodlineError):
    """This is no position of the event log."""


class InvalidTarget(PodlineError):
    """Nothing can be replayed to there; says why, without the password of an address."""


class RunRefused(PodlineError):
    """The runtime can never run this pod: trying again does not help."""


class DoesNotFollow(PodlineError):
    """The event is not the next one of its execution."""


class Unavailable(PodlineError):
    """A dependency is unavailable; trying again later can help."""


class TooManyStreams(Unavailable):
    """No place is free for another open stream: close one, try again, or ask for the result."""


class StoreUnavailable(Unavailable):
    """The database does not answer, is locked, or can't write."""


class StoreFull(StoreUnavailable):
    """The database's disk is full. Free some space, and the service continues by itself."""


class TargetUnavailable(Unavailable):
    """The database that rows are rebuilt into does not answer, is locked, or can't write."""


class CoordinationUnavailable(Unavailable):
    """Queue, slots, leases, wake-ups and live output are unavailable."""


class BrokerUnavailable(Unavailable):
    """The message broker did not take a message."""


class RuntimeUnavailable(Unavailable):
    """The runtime (the sandbox or the cluster) does not answer."""


class EventLogUnavailable(Unavailable):
    """The event log does not take or give events."""


class EventLogFull(EventLogUnavailable):
    """The event log's disk is full. Free some space, and the service continues by itself."""
