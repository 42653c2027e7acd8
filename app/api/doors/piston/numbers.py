"""The limits that Piston's clients ask for, which are never refused for being too high."""

from collections.abc import Mapping
from math import inf, isnan, nan
from typing import Final

from app.api.doors.piston.errors import BadBody
from app.api.submission.limits import MIN_SECONDS
from app.domain.policy import LimitRange

_MILLISECOND: Final = 0.001
_MIB: Final = 1024 * 1024
_LONGEST: Final = 400
"""Characters of a number. Reading a megabyte of digits takes long."""

PISTON_MILLISECONDS: Final[Mapping[str, float]] = {"run": 3000, "compile": 10000}
"""Piston's own defaults of both times."""


def stage_limits(body: Mapping[str, object], stage: str, range: LimitRange) -> dict[str, float]:
    """Of `run` or `compile`, clamped to the maxima, by the names of our own API.

    Raises BadBody for what is no number.
    """
    maximum = range.maximum
    return {
        "wall_seconds": _seconds(body, f"{stage}_timeout", stage, maximum.wall_seconds),
        "cpu_seconds": _seconds(body, f"{stage}_cpu_time", stage, maximum.cpu_seconds),
        "memory_mib": _memory(body, f"{stage}_memory_limit", maximum.memory_mib),
    }


def _seconds(body: Mapping[str, object], name: str, stage: str, most: float) -> float:
    asked = _number(body, name)
    if asked == 0:
        asked = PISTON_MILLISECONDS[stage]
    seconds = most if asked < 0 else asked * _MILLISECOND
    return min(max(seconds, MIN_SECONDS), most)


def _memory(body: Mapping[str, object], name: str, most: int) -> int:
    """In Piston's stock configuration memory has no limit, so none asked for is all we have."""
    asked = _number(body, name)
    return most if asked <= 0 or asked >= most * _MIB else max(int(asked // _MIB), 1)


def _number(body: Mapping[str, object], name: str) -> float:
    """0 if it is absent or null. A text with a number in it is one."""
    found = body.get(name)
    if found is None or found == "":
        return 0
    number = _as_number(found)
    if isnan(number):
        raise BadBody(f"If specified, {name} must be a number")
    return number


def _as_number(found: object) -> float:
    """nan for what is none."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return nan
    if isinstance(found, str) and len(found) > _LONGEST:
        return nan
    try:
        return float(found)
    except OverflowError:  # of an integer with hundreds of digits
        return inf if isinstance(found, int) and found > 0 else -inf
    except ValueError:
        return nan
