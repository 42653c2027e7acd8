"""What happened in the last minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.minutes import Minute, minute, minute_of, together
from app.ports import Clock, MinuteCounters


@dataclass(frozen=True, slots=True)
class LastMinutes:
    """The last minutes, in parts and as a whole."""

    each: Sequence[Minute]
    """Oldest first; the newest has not ended."""
    total: Minute


def last_minutes(counters: MinuteCounters, clock: Clock, count: int, step: int = 1) -> LastMinutes:
    """The last `count` minutes in parts of `step` minutes, which begin at multiples of it.

    So a part covers the same minutes each time, and the first one can begin before the rest. Raises
    CoordinationUnavailable.
    """
    this = minute_of(clock())
    first = this - count + 1
    begin = first - first % step
    found = counters.read(range(begin, this + 1))
    parts = [together(found[start : start + step]) for start in range(0, len(found), step)]
    return LastMinutes(
        [minute(begin + index * step, part) for index, part in enumerate(parts)],
        minute(begin, together(parts)),
    )
