"""The ports for what processes share while they work. All of it may be lost."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, TypeVar

from app.domain.dead_letter import DeadLetter
from app.domain.execution import Time
from app.domain.place import PlaceReport
from app.domain.report import Frame
from app.domain.session import Session
from app.domain.sighting import Finding, TickReport
from app.domain.worker import WorkerReport

Report = TypeVar("Report", WorkerReport, PlaceReport, TickReport, Finding)


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
    """Wakes API threads that wait for an end, of an execution or in a batch, or for progress.

    A lost wake-up only delays them.
    """

    def notify(self, subject_id: str, *, progress: bool = False) -> None:
        """Wake all waiters, or those for `progress`.

        Never raises: failures are logged, and waiters check on their own.
        """

    def listen(
        self, subject_id: str, *, progress: bool = False
    ) -> "AbstractContextManager[Listener]":
        """Receive every `notify` with this id while the context lasts.

        One for `progress` is received only if that is asked for. An execution changes several times
        before it ends, and being woken for each change is a third of what waiting costs.
        """


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


class Sessions(Protocol):
    """Browser sessions and sign-in tokens, by the hash of their secret, until they expire.

    Raises CoordinationUnavailable.
    """

    def put(self, secret_hash: str, session: Session, ttl_seconds: float, most: int) -> None:
        """Keep it, and end the oldest of the same key and kind beyond `most`."""

    def get(self, secret_hash: str) -> Session | None: ...

    def take(self, secret_hash: str) -> Session | None:
        """Return it and remove it: only one caller gets it."""


class Notebooks(Protocol):
    """The execution of the last cell of each notebook, until nobody continues it.

    Raises CoordinationUnavailable.
    """

    def put(self, notebook_hash: str, execution_id: str, ttl_seconds: float) -> None:
        """Replace the one before."""

    def get(self, notebook_hash: str) -> str | None: ...

    def remove(self, notebook_hash: str) -> None: ...


class Reports(Protocol[Report]):
    """The newest report of each process or place, by name. Raises CoordinationUnavailable."""

    def put(self, report: Report) -> None:
        """Replace the report with this name."""

    def add(self, report: Report) -> None:
        """Put the report unless there is one with this name."""

    def remove(self, name: str) -> None:
        """Forget one that ends."""

    def since(self, time: Time) -> list[Report]:
        """Return the reports that are not older, by name, and forget the others."""


WorkerReports: TypeAlias = Reports[WorkerReport]
"""Heartbeats of workers, watchers and beat."""
PlaceReports: TypeAlias = Reports[PlaceReport]
"""How much each place can hold, as its watcher sees it."""
TickReports: TypeAlias = Reports[TickReport]
"""When each tick of beat last ended, or since when it should."""
Findings: TypeAlias = Reports[Finding]
"""What sweeps found that they should not find."""


class MinuteCounters(Protocol):
    """Counters per minute, each kept for a day."""

    def add(self, minute: int, counters: Iterable[str]) -> None:
        """Raise each by one. Never raises an error: failures are logged, and counts are lost."""

    def note(self, minute: int, counter: str, value: int) -> None:
        """Replace the counter's value. Raises CoordinationUnavailable."""

    def read(self, minutes: Sequence[int]) -> list[Mapping[str, int]]:
        """Return the counters of each of these minutes. Raises CoordinationUnavailable."""
