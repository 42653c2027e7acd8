"""The ports of what processes share while they work. All of it can be lost."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from app.domain.pod import Frame
from app.domain.records import DeadLetter


class Leases(Protocol):
    """Named locks that free themselves. Raises CoordinationUnavailable."""

    def acquire(self, name: str, ttl_seconds: float) -> "Lease | None":
        """The lease, or None at once if somebody else has it."""


class Lease(Protocol):
    def renew(self) -> bool:
        """Hold it for another `ttl_seconds`; False if it was lost."""

    def release(self) -> None:
        """Give it back, if it is still ours."""


class Wakeups(Protocol):
    """Tells waiting API threads that an execution changed. A lost wake-up costs a delay only."""

    def notify(self, execution_id: str) -> None:
        """Raises nothing: a failure is logged, and waiters look by themselves."""

    def listen(self, execution_id: str) -> "AbstractContextManager[Listener]":
        """Hear every `notify` of this execution from now on, until the context ends."""


class Listener(Protocol):
    def wait(self, timeout_seconds: float) -> bool:
        """Until the next notify that was not waited for yet: True; False after the time-out.

        If wake-ups are unavailable, it returns False within a second, so that the
        caller looks at the database instead.
        """


class LiveOutput(Protocol):
    """What running programs print, for those who watch. Capped, expiring.

    Raises CoordinationUnavailable.
    """

    def watch(self, execution_id: str) -> None:
        """Somebody watches it, for the next 30 s."""

    def watched(self) -> set[str]:
        """Executions that somebody watches now."""

    def append(self, pod_name: str, frames: Sequence[Frame]) -> None:
        """Add frames; those that are there already (by sequence) are ignored."""

    def read(self, pod_name: str, after: int) -> list[Frame]:
        """The frames with a sequence greater than `after`, in order; earlier ones may be gone."""

    def last(self, pod_name: str) -> int:
        """The sequence of the newest frame; 0 if there is none."""


class Parking(Protocol):
    """Holds failures that the store can't take now. Raises CoordinationUnavailable."""

    def park(self, letter: DeadLetter) -> None: ...

    def unpark(self, limit: int) -> list[DeadLetter]:
        """The oldest; each stays parked until `done`."""

    def done(self, letter: DeadLetter) -> None: ...
