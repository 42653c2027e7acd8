"""This machine's own clock."""

import time

from app.domain.times import Time


def now() -> Time:
    return time.time_ns() // 1_000
