"""Limits of a single API key: requests in some time, and CPU seconds in a day."""

from dataclasses import dataclass
from typing import Final

from app.domain.api_key import ApiKey
from app.domain.errors import CpuDayUsedUp, RateLimited
from app.domain.execution import SECOND, Time
from app.domain.rate import Rate, rate_of
from app.domain.usage import UsageDay, day_of
from app.ports import Clock, RequestCounts, UsageRecords
from app.service.cached import Cached

DAY: Final = 24 * 3600
BLOCKS: Final = 20
"""A process counts this part of a rate at once, to ask Redis less often."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a rate after a request."""

    rate: Rate
    remaining: int
    resets_in: int
    """Seconds until the next window begins, rounded up."""


def count_request(
    counts: RequestCounts, clock: Clock, key: ApiKey, default: str
) -> tuple[Allowance, bool] | None:
    """Count a request of the key: what is left, and whether it is allowed.

    None if the key has no rate. Windows begin at whole seconds, minutes, hours or days, so that
    counting is one operation, and a key can make up to twice as many requests around that moment.
    """
    if not (text := key.requests or default):
        return None
    rate, now = rate_of(text), clock()
    window, passed = divmod(now, rate.seconds * SECOND)
    ahead = max(1, rate.requests // BLOCKS)
    counted = counts.count(key.id, f"{rate.unit}{window}", rate.seconds, ahead)
    resets_in = _whole_seconds(rate.seconds * SECOND - passed)
    return Allowance(rate, max(rate.requests - counted, 0), resets_in), counted <= rate.requests


def refuse(allowance: Allowance) -> RateLimited:
    seconds = allowance.resets_in
    return RateLimited(
        f"this key may make {allowance.rate}: try again in {seconds} s", retry_after=seconds
    )


class CpuDays:
    """What keys have used today, remembered for a second. One for each process."""

    def __init__(self, usage: UsageRecords, clock: Clock, default: float | None) -> None:
        self._usage = usage
        self._clock = clock
        self._default = default
        self._used: dict[str, Cached[int]] = {}

    def check(self, key: ApiKey) -> None:
        """Raises CpuDayUsedUp once programs of the key have used its CPU seconds of today (UTC).

        Programs count when they end, so those in progress can exceed it.
        """
        most = self._default if key.cpu_day is None else key.cpu_day
        if most is None:
            return
        used = self._used.setdefault(key.id, Cached(lambda: self._ask(key), self._clock))
        if used.get() >= most * SECOND:
            seconds = _whole_seconds(DAY * SECOND - self._clock() % (DAY * SECOND))
            raise CpuDayUsedUp(
                f"this key has used its {most:g} CPU seconds of today (UTC): try again in "
                f"{seconds} s",
                retry_after=seconds,
            )

    def _ask(self, key: ApiKey) -> int:
        today = UsageDay(owner=key.name, day=day_of(self._clock()), key_id=key.id)
        return self._usage.day(today).cpu_us


def _whole_seconds(time: Time) -> int:
    """Rounded up."""
    return -(-time // SECOND)
