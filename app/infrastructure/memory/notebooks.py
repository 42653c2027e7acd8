"""Notebooks, in memory."""

from threading import Lock
from time import monotonic


class MemoryNotebooks:
    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[str, tuple[str, float]] = {}

    def put(self, notebook_hash: str, execution_id: str, ttl_seconds: float) -> None:
        with self._lock:
            self._last[notebook_hash] = execution_id, monotonic() + ttl_seconds

    def get(self, notebook_hash: str) -> str | None:
        with self._lock:
            execution_id, expires_at = self._last.get(notebook_hash, (None, 0))
        return execution_id if monotonic() < expires_at else None

    def remove(self, notebook_hash: str) -> None:
        with self._lock:
            self._last.pop(notebook_hash, None)
