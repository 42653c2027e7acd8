"""What failed, and must not be lost."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.execution import Time


class DeadLetterKind(StrEnum):
    TASK_ERROR = "task_error"
    """A step raised an unexpected error."""
    POISON = "poison"
    """A message that Podline has no task for, or that can't be decoded."""
    EXHAUSTED = "exhausted"
    """An execution that failed after all its attempts."""
    CALLBACK = "callback"
    """A callback that was not delivered in all its tries."""


class DeadLetterStatus(StrEnum):
    WAITING = "waiting"
    """Retried at `next_retry_at`."""
    RETRYING = "retrying"
    """A retry is in progress."""
    RESOLVED = "resolved"
    """A retry succeeded, or nothing is left to do."""
    DISCARDED = "discarded"
    """An operator discarded it."""
    ARCHIVED = "archived"
    """Retried as often as the settings allow, or can't be retried automatically."""


CLOSED: Final = frozenset(
    {DeadLetterStatus.RESOLVED, DeadLetterStatus.DISCARDED, DeadLetterStatus.ARCHIVED}
)
"""Nothing retries such a letter, unless an operator asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that failed and must not be lost.

    `id` is derived from what failed (kind, origin, and execution or message), so a failure that
    repeats itself is one letter with a count, not a stream of letters.
    """

    id: str
    kind: DeadLetterKind
    status: DeadLetterStatus
    origin: str
    """The task's name, or `queue:<name>` for a message that is not a task."""
    execution_id: str | None
    """The newest execution concerned."""
    payload: str | None
    """Poison only: the raw message, base64, cut at 16 KiB."""
    error: str
    """Class and message. Never user code or output."""
    attempts: int
    """How often it failed."""
    retries: int
    """How often it was retried."""
    first_failed_at: Time
    last_failed_at: Time
    next_retry_at: Time | None
    traceback: str | None = None
    """Where it was raised: files, lines and functions of Podline and its libraries, no values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which letters: of one status and, if it is given, of one kind."""

    status: DeadLetterStatus = DeadLetterStatus.WAITING
    kind: DeadLetterKind | None = None
