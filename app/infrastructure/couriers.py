"""Threads for deliveries, so that slow receivers take none of a worker's own."""

import logging
from collections import Counter
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

log = logging.getLogger(__name__)

AT_ONCE: Final = 8
PER_HOST: Final = 2


class ThreadedCouriers:
    """The threads are daemons: a worker that stops leaves deliveries to the next tick."""

    def __init__(self) -> None:
        self._busy: Counter[str] = Counter()
        self._ended = 0
        self._changed = Condition()

    def start(self, host: str, work: Callable[[], None]) -> bool:
        with self._changed:
            if self._busy.total() >= AT_ONCE or self._busy[host] >= PER_HOST:
                return False
            self._busy[host] += 1
        Thread(target=self._run, args=(host, work), name="callback", daemon=True).start()
        return True

    def wait(self, seconds: float) -> bool:
        with self._changed:
            before = self._ended
            return self._changed.wait_for(lambda: self._ended > before, timeout=seconds)

    def _run(self, host: str, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._changed:
                self._ended += 1
                self._busy[host] -= 1
                if not self._busy[host]:
                    del self._busy[host]
                self._changed.notify_all()
