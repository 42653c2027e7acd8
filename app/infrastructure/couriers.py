"""Threads for deliveries, so that slow receivers take none of a worker's own."""

import logging
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

from app.infrastructure.permits import GiveBack, Held, Permits

log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 0.5
"""Seconds after which a permit may have become free without a thread of this process."""


class ThreadedCouriers:
    """The threads are daemons: a worker that stops leaves deliveries to the next tick."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self._ended = 0
        self._changed = Condition()

    def start(self, owner: str, host: str, work: Callable[[], None]) -> bool:
        give_back = self._permits.take(Held(owner, host))
        if give_back is None:
            return False
        thread = Thread(target=self._run, args=(give_back, work), name="callback", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # The system has no thread left.
            log.warning("a callback is sent later: %s", error)
            give_back()
            return False
        return True

    def wait(self, seconds: float) -> bool:
        with self._changed:
            before = self._ended
            ended = self._changed.wait_for(
                lambda: self._ended > before, timeout=min(seconds, LOOK_AGAIN)
            )
        return ended or seconds > LOOK_AGAIN

    def _run(self, give_back: GiveBack, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            give_back()
            with self._changed:
                self._ended += 1
                self._changed.notify_all()
