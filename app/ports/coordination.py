"""The ports for what processes share while they work. All of it may be lost."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from app.domain.dead_letter import DeadLetter
from app.domain.pod import Frame


class Leases(Protocol):
    """Named locks that expire. Raises CoordinationUnavailable."""

    def acquire(self, name: str, ttl_seconds: float) -> "Lease | None":
        """Take the lease, or return None at once if it is taken."""


class Lease(Protocol):
    def renew(self) -> bool:
        """Extend the lease by `ttl_seconds`. Returns False if it was lost."""

    def release(self) -> None:
        """Release the lease if it is still ours."""


class Wakeups(Protocol):
    """Wakes API threads that wait for a change of an execution, or for ends in a batch.

    A lost wake-up only delays them.
    """

    def notify(self, subject_id: str) -> None:
        """Wake the waiters. Never raises: failures are logged, and waiters check on their own."""

    def listen(self, subject_id: str) -> "AbstractContextManager[Listener]":
        """Receive every `notify` with this id while the context lasts."""


class Listener(Protocol):
    def wait(self, timeout_seconds: float) -> bool:
        """Wait for a `notify` since the last wait. Returns False after the timeout.

        While wake-ups are unavailable, it returns False within a second, so that the caller checks
        the database instead.
        """


class LiveOutput(Protocol):
    """The live output of running programs, for those who watch. It is bounded, and it expires.

    Raises CoordinationUnavailable.
    """

    def watch(self, execution_id: str) -> None:
        """Mark the execution as watched for the next 30 s."""

    def watched(self) -> set[str]:
        """Return the executions that are watched now."""

    def append(self, pod_name: str, frames: Sequence[Frame]) -> None:
        """Add frames. Ignores those that were added before, by sequence number."""

    def read(self, pod_name: str, after: int) -> list[Frame]:
        """Return the frames with a sequence > `after`, in order. The oldest may be gone."""

    def last(self, pod_name: str) -> int:
        """Return the sequence number of the newest frame, or 0."""


class Parking(Protocol):
    """Dead letters that are parked while the store is unavailable.

    Raises CoordinationUnavailable.
    """

    def park(self, letter: DeadLetter) -> None: ...

    def unpark(self, limit: int) -> list[DeadLetter]:
        """Return the oldest letters. Each stays parked until `done`."""

    def done(self, letter: DeadLetter) -> None: ...
