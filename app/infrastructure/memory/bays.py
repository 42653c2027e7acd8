"""Bays without a daemon."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from app.ports.bays import BayCount


class MemoryBays:
    """The twin. `free` of `total` bays can be held; a test says when one is free again."""

    def __init__(self, total: int = 1_000_000) -> None:
        self.total = total
        self.free = total
        self.draining = False
        self.paused = False
        self._assigned = 0
        self._changed = Condition()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(self._may_take, seconds)

    def take(self) -> bool:
        return self._assign(leaving=0)

    def join(self) -> bool:
        return self._assign(leaving=1)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What was held is busy until a test frees it."""
        with self._changed:
            self._assigned = max(0, self._assigned - 1)
        yield

    def pause(self) -> None:
        self.paused = True

    def drain(self) -> bool:
        self.draining = True
        return self.free == self.total

    def count(self) -> BayCount:
        free = 0 if self.draining else self.free
        return BayCount(self.total, free, self.total - self.free, self.draining)

    def end_one(self) -> None:
        """Let the pod in a bay end."""
        with self._changed:
            self.free += 1
            self._changed.notify_all()

    def _may_take(self) -> bool:
        return self.free > 0 and not self.draining and not self.paused

    def _assign(self, leaving: int) -> bool:
        with self._changed:
            if not self._may_take() or self.free <= leaving:
                return False
            self.free -= 1
            self._assigned += 1
            return True
