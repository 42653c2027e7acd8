"""Threads of this process that wait for executions to change."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Listeners:
    """Waiting threads by execution. Waking some costs the others nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_execution: dict[str, set[Event]] = defaultdict(set)

    @contextmanager
    def listening(self, execution_id: str, event: Event) -> Iterator[None]:
        """Have each `wake` of this execution set the threading event while the context lasts."""
        with self._lock:
            self._by_execution[execution_id].add(event)
        try:
            yield
        finally:
            self._remove(execution_id, event)

    def wake(self, execution_id: str) -> None:
        with self._lock:
            for event in self._by_execution.get(execution_id, ()):
                event.set()

    def wake_all(self) -> None:
        with self._lock:
            for events in self._by_execution.values():
                for event in events:
                    event.set()

    def _remove(self, execution_id: str, event: Event) -> None:
        with self._lock:
            self._by_execution[execution_id].discard(event)
            if not self._by_execution[execution_id]:
                del self._by_execution[execution_id]
