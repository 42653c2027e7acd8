"""Many threads that try the same thing at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def race(racers: int, attempt: Callable[[int], T]) -> list[T]:
    """What `attempt(0)`, `attempt(1)`, … returned, each in a thread of its own."""
    start = Barrier(racers)

    def run(number: int) -> T:
        start.wait()
        return attempt(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))
