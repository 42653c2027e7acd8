"""Wake-ups within one process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from app.infrastructure.listeners import Listeners


class MemoryWakeups:
    """Wakes threads of this process that wait for a change of an execution."""

    def __init__(self) -> None:
        self._listeners = Listeners()

    def notify(self, subject_id: str) -> None:
        self._listeners.wake(subject_id)

    @contextmanager
    def listen(self, subject_id: str) -> Iterator["MemoryListener"]:
        with self._listeners.listening(subject_id) as event:
            yield MemoryListener(event)


class MemoryListener:
    def __init__(self, event: Event) -> None:
        self._event = event

    def wait(self, timeout_seconds: float) -> bool:
        if not self._event.wait(timeout_seconds):
            return False
        self._event.clear()
        return True
