"""Every error that crosses a boundary between the parts of Podline.

PodlineError
├── InvalidRequest           the caller's input is invalid: names each field and why
├── NotFound                 it does not exist, or belongs to another owner
├── Gone                     it existed, and was deleted
├── Forbidden                the key's role does not allow it
│   └── OnlyForDoor          the key opens one door, and this is something else
├── KeyDeleted               the key was deleted while its request waited
├── Conflict                 not possible in the current state
│   └── IllegalTransition    not in `TRANSITIONS`
├── IdempotencyMismatch      the Idempotency-Key was used with another body
├── QuotaExceeded            too many unfinished executions
├── RateLimited              the key has made too many requests
│   └── CpuDayUsedUp         the key's programs have used its CPU seconds of today
├── InvalidPosition          not a position in this event log
├── InvalidTarget            a replay can't use this target
├── CallbackFailed           the receiver of a callback did not accept it
├── RunRefused               the runtime can never run this pod
├── PlaceTaken               another attempt got what was started ahead there
├── DoesNotFollow            an event is not the next one of its execution
└── Unavailable              a dependency is unavailable; trying again later can help
    ├── TooManyStreams
    ├── TooManyWaiting
    ├── StoreUnavailable
    │   ├── StoreFull
    │   ├── StoreIsNewer
    │   └── StoreUnreadable
    ├── TargetUnavailable
    ├── CoordinationUnavailable
    │   └── CoordinationIsNewer
    ├── BrokerUnavailable
    ├── RuntimeUnavailable
    │   └── NoHostAlive
    └── EventLogUnavailable
        ├── EventLogFull
        └── EventLogIsNewer

The three IsNewer errors have a second base, IsNewer: a newer release wrote the data.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Where: TypeAlias = Literal["body", "query", "header"]
"""The part of a request that a problem is in."""


class PodlineError(Exception):
    """Base of Podline's errors."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One invalid field, and what to do about it."""

    pointer: str
    """A JSON pointer (RFC 6901) into the body, or /<name> of a parameter or header."""
    detail: str
    where: Where = "body"


class InvalidRequest(PodlineError):
    """The request breaks a rule of the API; `problems` names each field."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in problems))
        self.problems = problems


class NotFound(PodlineError):
    """It does not exist, or belongs to another owner."""


class Gone(PodlineError):
    """It existed, and was deleted."""


class Forbidden(PodlineError):
    """The key's role does not allow this."""


class OnlyForDoor(Forbidden):
    """The key opens one door, and this is another door or the API."""


class KeyDeleted(PodlineError):
    """The key was deleted while this request waited."""


class Conflict(PodlineError):
    """Not possible in the current state."""


class IllegalTransition(Conflict):
    """The transition is not in `TRANSITIONS`."""


class IdempotencyMismatch(PodlineError):
    """The Idempotency-Key was used with another body."""


class QuotaExceeded(PodlineError):
    """Too many unfinished executions; try again once some have ended."""


class RateLimited(PodlineError):
    """The key has made too many requests; try again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CpuDayUsedUp(RateLimited):
    """The key's programs have used its CPU seconds of today."""


class InvalidPosition(PodlineError):
    """This is not a position in the event log."""


class InvalidTarget(PodlineError):
    """A replay can't use this target. The message has the reason and no password."""


class CallbackFailed(PodlineError):
    """A callback was not delivered. The message has the reason, and nothing of the URL but names.

    It never repeats what the receiver sent.
    """


class RunRefused(PodlineError):
    """The runtime can never run this pod; trying again does not help."""


class PlaceTaken(PodlineError):
    """What was started ahead at a place is another attempt's by now, or gone."""


class NameTaken(PodlineError):
    """Another host that is alive has the name."""


class DoesNotFollow(PodlineError):
    """The event is not the next one of its execution."""


class Unavailable(PodlineError):
    """A dependency is unavailable; trying again later can help."""


class IsNewer(Unavailable):
    """A newer release of Podline wrote the data: run that release, or restore a backup."""


class TooManyStreams(Unavailable):
    """Too many streams are open: close one, try again later, or get the execution instead."""


class TooManyWaiting(Unavailable):
    """Too many requests wait for a program to end: try again later."""


class StoreUnavailable(Unavailable):
    """The database does not answer, is locked, or can't be written to."""


class StoreFull(StoreUnavailable):
    """The database's disk is full. Free some space, and the service continues by itself."""


class DiskLow(Unavailable):
    """No new work is accepted until there is more space on the disk."""


class StoreIsNewer(StoreUnavailable, IsNewer):
    """A newer release upgraded the database: run that release, or restore an older backup."""


class StoreUnreadable(StoreUnavailable):
    """A newer release has stored this: only the parts of that release can read it."""


class TargetUnavailable(Unavailable):
    """The target database does not answer, is locked, or can't be written to."""


class CoordinationUnavailable(Unavailable):
    """Queue, slots, leases, wake-ups and live output are unavailable."""


class CoordinationIsNewer(CoordinationUnavailable, IsNewer):
    """A newer release upgraded queue and slots: run that release, or empty the store of these."""


class BrokerUnavailable(Unavailable):
    """The message broker did not take a message."""


class RuntimeUnavailable(Unavailable):
    """The runtime (the sandbox or the cluster) does not answer."""


class NoHostAlive(RuntimeUnavailable):
    """No sandbox host is alive: start one with `podline host`."""


class EventLogUnavailable(Unavailable):
    """The event log does not take or give events."""


class EventLogFull(EventLogUnavailable):
    """The event log's disk is full. Free some space, and the service continues by itself."""


class EventLogIsNewer(EventLogUnavailable, IsNewer):
    """A newer release upgraded the event log: run that release, or restore an older backup."""


def reason_of(error: OSError, elsewhere: str) -> str:
    """Where an operation on a file failed, and why.

    `elsewhere` is what it worked on if the error names no file. Some errors of ours are only a
    message.
    """
    if error.strerror is None:
        return str(error)
    return f"{elsewhere if error.filename is None else error.filename}: {error.strerror}"
