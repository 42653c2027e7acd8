"""Couriers that do the work at once, in the caller's thread."""

from collections.abc import Callable


class MemoryCouriers:
    """A host in `full` has no thread left."""

    def __init__(self) -> None:
        self.full: set[str] = set()

    def start(self, owner: str, host: str, work: Callable[[], None]) -> bool:  # noqa: ARG002  # the port's signature
        if host in self.full:
            return False
        work()
        return True

    def wait(self, seconds: float) -> bool:  # noqa: ARG002  # the port's signature
        return False
