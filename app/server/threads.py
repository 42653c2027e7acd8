"""The threads in which requests are answered."""

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # it has no types
    """Started when they are needed, and kept: an API that is little used has a handful."""

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
                number = len(self.threads)
                self.threads.add(number)
                self.active_count += 1
                self.start_new_thread(self.handler_thread, number)
            self.queue.append(task)
            self.queue_cv.notify()
