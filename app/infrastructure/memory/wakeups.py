"""Wake-ups within one process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

from app.infrastructure.listeners import Listeners


class MemoryWakeups:
    """Wakes threads of this process that wait for an execution."""

    def __init__(self) -> None:
        self._ends = Listeners()
        self._progress = Listeners()

    def notify(self, subject_id: str, *, progress: bool = False) -> None:
        (self._progress if progress else self._ends).wake(subject_id)

    @contextmanager
    def listen(self, subject_id: str, *, progress: bool = False) -> Iterator["MemoryListener"]:
        event = Event()
        with ExitStack() as listening:
            for listeners in (self._ends, self._progress) if progress else (self._ends,):
                listening.enter_context(listeners.listening(subject_id, event))
            yield MemoryListener(event)


class MemoryListener:
    def __init__(self, event: Event) -> None:
        self._event = event

    def wait(self, timeout_seconds: float) -> bool:
        if not self._event.wait(timeout_seconds):
            return False
        self._event.clear()
        return True
