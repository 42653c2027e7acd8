"""How many requests an API key may make in some time."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_RATE: Final = re.compile(r"([1-9][0-9]{0,8})/(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
_UNITS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of requests in each second, minute, hour or day (UTC)."""

    requests: int
    unit: str

    @property
    def seconds(self) -> int:
        return _SECONDS[self.unit]

    def __str__(self) -> str:
        plural = "" if self.requests == 1 else "s"
        return f"{self.requests} request{plural} per {_UNITS[self.unit]}"


@lru_cache
def rate_of(text: str) -> Rate:
    """The rate that a text such as `10/s` means. Raises ValueError."""
    found = _RATE.fullmatch(text)
    if not found:
        raise ValueError("must be a number of requests per s, m, h or d, such as 10/s or 1000/h")
    return Rate(int(found[1]), found[2])
