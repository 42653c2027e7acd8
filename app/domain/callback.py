"""The callback of an execution: the URL to which its end is sent, and how far delivery has come.

It is part of the execution's row. The write that ends the execution makes its callback pending, so
no end can lose its callback. A callback is delivered at least once.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.domain.times import SECOND, Time

SERIES_SECONDS: Final = 24 * 3600
"""How long a callback is tried before it is abandoned."""
SHORTEST_PAUSE_SECONDS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 3 * 3600
LAST_PAUSE_SECONDS: Final = 60
"""After the last try, in case it was not recorded."""


class CallbackState(StrEnum):
    WAITING = "waiting"
    """The execution is not terminal."""
    PENDING = "pending"
    """Tried at `next_at`."""
    DELIVERED = "delivered"
    ABANDONED = "abandoned"
    """Not delivered, and not tried again: there is a dead letter, or the execution was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The receiver, the signature, and how far delivery has come."""

    url: str
    """May contain a secret of the receiver, so it appears in no log and no event."""
    key_id: str
    """The API key whose secret signs it."""
    generation: int
    """That of the key's secret at submission. It signs if the key has been deleted."""
    form: str | None = None
    """The name of the form in which it is sent; None for Podline's own."""
    state: CallbackState = CallbackState.WAITING
    attempts: int = 0
    """How many tries there were."""
    next_at: Time | None = None
    """When it is due; None unless it is pending. Each claim raises it, so it names a claim."""
    until: Time | None = None
    """A try after this time is the last."""

    def again(self) -> "Callback":
        """The callback of another execution of the same submission."""
        return Callback(
            url=self.url, key_id=self.key_id, generation=self.generation, form=self.form
        )

    def pending(self, now: Time, next_at: Time) -> "Callback":
        """Begin a series of tries."""
        until = now + SERIES_SECONDS * SECOND
        return replace(self, state=CallbackState.PENDING, next_at=next_at, until=until)

    def claimed(self, now: Time) -> "Callback":
        """Postpone it while it is being sent. Each pause is as long as all before it together."""
        if self.is_last(now):
            return replace(self, next_at=now + LAST_PAUSE_SECONDS * SECOND)
        until = self.until or now
        elapsed = (now - until) // SECOND + SERIES_SECONDS
        pause = min(max(elapsed, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        return replace(self, next_at=min(now + pause * SECOND, until))

    def is_last(self, now: Time) -> bool:
        """Whether a try at this time is the last of its series."""
        return self.until is None or now >= self.until

    def failed(self) -> "Callback":
        """Record a try that failed and was not the last."""
        return replace(self, attempts=self.attempts + 1)

    def delivered(self) -> "Callback":
        return replace(
            self, state=CallbackState.DELIVERED, attempts=self.attempts + 1, next_at=None
        )

    def abandoned(self, *, tried: bool = True) -> "Callback":
        attempts = self.attempts + 1 if tried else self.attempts
        return replace(self, state=CallbackState.ABANDONED, attempts=attempts, next_at=None)
