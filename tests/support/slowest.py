"""Which files of tests take the most time."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

HOW_MANY = 10


class Timed(Protocol):
    """A report about a test, or about a part of it."""

    nodeid: str
    duration: float


def slowest_files(reports: Iterable[Timed]) -> list[str]:
    """A line for each of the ten slowest, with its seconds."""
    seconds: dict[str, float] = defaultdict(float)
    for report in reports:
        seconds[report.nodeid.partition("::")[0]] += report.duration
    most = sorted(seconds.items(), key=lambda each: each[1], reverse=True)
    return [f"{took:6.1f} s  {file}" for file, took in most[:HOW_MANY]]
