"""The threads that process requests."""

import logging

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

log = logging.getLogger(__name__)


class Threads(ThreadedTaskDispatcher):
    """Starts threads on demand and keeps them, so that a quiet API has only a few."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    @property
    def busy(self) -> bool:
        with self.lock:
            return bool(self.queue or self.active_count)

    def add_task(self, task: HTTPChannel) -> None:
        with self.lock:
            idle = len(self.threads) - self.active_count
            if len(self.queue) >= idle and len(self.threads) < self._most:
                self._start(len(self.threads))
            self.queue.append(task)
            self.queue_cv.notify()

    def _start(self, number: int) -> None:
        """Start a thread. If the system allows no more, the existing ones serve the request."""
        try:
            self.start_new_thread(self.handler_thread, number)
        except RuntimeError:
            log.warning("could not start a thread in addition to %d others", number)
        else:
            self.threads.add(number)
            self.active_count += 1
