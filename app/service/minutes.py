"""What happened in the last minutes."""

from collections.abc import Iterator

from app.domain.minutes import Minute, minute, minute_of
from app.ports import Clock, MinuteCounters


def last_minutes(counters: MinuteCounters, clock: Clock, count: int) -> Iterator[Minute]:
    """The last `count` minutes, oldest first; the newest has not ended.

    Raises CoordinationUnavailable.
    """
    this = minute_of(clock())
    numbers = range(this - count + 1, this + 1)
    return map(minute, numbers, counters.read(numbers))
