"""Entries of an admission queue, in the tests' notation."""

from app.domain.execution import SECOND, Time
from app.domain.submission import Priority
from app.ports import AdmissionQueue, Caps, QueueEntry
from tests.support.builders import NOW

AGEING = 60
"""Seconds."""
ROOM = Caps(total=1_000, per_owner=1_000)


def entry(
    id: str,
    *,
    owner: str = "ada",
    priority: Priority = Priority.NORMAL,
    after: float = 0,
    language: str = "python-3.11",
) -> QueueEntry:
    """An entry that was created this many seconds after NOW."""
    return QueueEntry(id, owner, priority, NOW + int(after * SECOND), language)


def take(
    queue: AdmissionQueue, caps: Caps = ROOM, limit: int = 1_000, *, after: float = 0
) -> list[str]:
    """Take slots this many seconds after NOW."""
    return queue.take(caps, at(after), limit)


def at(after: float) -> Time:
    return NOW + int(after * SECOND)
