"""Waiting for what happens elsewhere, by looking at it."""

from collections.abc import Callable
from time import monotonic, sleep


def eventually(is_true: Callable[[], object], within_seconds: float = 5) -> None:
    """Return as soon as it is true; fail if it does not become true in time."""
    deadline = monotonic() + within_seconds
    while not is_true():
        assert monotonic() < deadline, f"not within {within_seconds} s"
        sleep(0.005)
