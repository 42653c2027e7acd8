"""Waits until something becomes true; tests of real processes have no other clock."""

import time
from collections.abc import Callable

INTERVAL_SECONDS = 0.02


def is_quick(act: Callable[[], object], seconds: float, *, tries: int = 10) -> bool:
    """Whether one of several tries takes less than that: a busy machine delays some of them."""
    for _ in range(tries):
        began = time.monotonic()
        act()
        if time.monotonic() - began < seconds:
            return True
    return False


def wait_until(
    condition: Callable[[], object],
    *,
    within: float = 60,
    every: float = INTERVAL_SECONDS,
    or_fail: Callable[[], object] = lambda: "",
) -> None:
    """Return as soon as `condition()` is true; fail after `within` seconds, saying `or_fail()`."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {or_fail()}")
        time.sleep(every)
