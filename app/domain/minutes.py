"""Counters per minute: what ended how, and how long it waited and ran.

Durations are counted in buckets that grow by a factor, so that the percentiles of any number of
executions need a bounded number of counters, and are exact to within 10 %.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from app.domain.execution import MILLISECOND, SECOND, Execution, Time

MINUTE: Final = 60 * SECOND
KEPT_MINUTES: Final = 24 * 60
QUEUED: Final = "queued"
"""The counter that is a level: the length of the queue, when it was last looked at."""

_GROWTH: Final = 2**0.25
_WAITING: Final = "waiting"
_RUNNING: Final = "running"


def minute_of(time: Time) -> int:
    """The number of the minute since the epoch."""
    return time // MINUTE


def counters_of(execution: Execution) -> Iterator[str]:
    """The counters that the end of this execution raises by one."""
    yield f"ended:{execution.outcome or execution.state}"
    if execution.started_at is not None:
        yield f"{_WAITING}:{_bucket(execution.started_at - execution.created_at)}"
        if execution.finished_at is not None:
            yield f"{_RUNNING}:{_bucket(execution.finished_at - execution.started_at)}"


def _bucket(duration: Time) -> int:
    """Bucket n has durations up to `_GROWTH**n` milliseconds, and above that of n - 1."""
    return math.ceil(math.log(max(duration / MILLISECOND, 1), _GROWTH))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """In milliseconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What happened in one minute, or in several that follow each other."""

    start: Time
    ended: Mapping[str, int]
    """How many executions ended, by outcome; by state, if failed or cancelled."""
    waiting: Percentiles | None
    """From submission to the start of the program; None if no program that ended had started."""
    running: Percentiles | None
    queued: int | None
    """None if nobody looked at the queue."""


def together(minutes: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """The counters of several minutes as those of one. Of levels, the last one counts."""
    total: Counter[str] = Counter()
    for counters in minutes:
        total.update(counters)
        if QUEUED in counters:
            total[QUEUED] = counters[QUEUED]
    return total


def minute(number: int, counters: Mapping[str, int]) -> Minute:
    return Minute(
        start=number * MINUTE,
        ended=dict(_under("ended", counters)),
        waiting=_percentiles(_WAITING, counters),
        running=_percentiles(_RUNNING, counters),
        queued=counters.get(QUEUED),
    )


def _under(prefix: str, counters: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for name, count in counters.items():
        kind, _, rest = name.partition(":")
        if kind == prefix:
            yield rest, count


def _percentiles(prefix: str, counters: Mapping[str, int]) -> Percentiles | None:
    buckets = sorted((int(bucket), count) for bucket, count in _under(prefix, counters))
    if not buckets:
        return None
    return Percentiles(_percentile(buckets, 0.5), _percentile(buckets, 0.95))


def _percentile(buckets: list[tuple[int, int]], share: float) -> float:
    """The middle of the bucket that has it."""
    wanted = math.ceil(share * sum(count for _, count in buckets))
    seen = accumulate(count for _, count in buckets)
    bucket = next(n for (n, _), total in zip(buckets, seen, strict=True) if total >= wanted)
    middle: float = _GROWTH ** (bucket - 0.5)
    return round(middle, 1)
