"""Numbers of signals, whose names are what reports have."""

import re
from signal import SIGRTMAX, SIGRTMIN, Signals
from typing import Final

_REAL_TIME: Final = re.compile(r"(SIGRTMIN|SIGRTMAX)(?:\+?([+-]\d{1,2}))?", re.ASCII)
_LAST: Final = 64
"""The highest number that Linux has."""


def number_of(name: str) -> int | None:
    """The number of a signal as signal(7) names it; None if there is no such signal here.

    A real-time signal is counted from SIGRTMIN or SIGRTMAX: `SIGRTMIN+2`, `SIGRTMAX-1`. The two
    below SIGRTMIN, which the C library keeps for itself, are `SIGRTMIN-2` and `SIGRTMIN-1`; older
    reports have `SIGRTMIN+-2`.
    """
    if found := _REAL_TIME.fullmatch(name):
        first = SIGRTMIN if found[1] == "SIGRTMIN" else SIGRTMAX
        number = int(first) + int(found[2] or 0)
        return number if 0 < number <= _LAST else None
    known = Signals.__members__.get(name)
    return None if known is None else int(known)
