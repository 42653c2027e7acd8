"""Names of pods that changed, for one watcher."""

import threading
import time
from typing import Final

SECONDS_BETWEEN_RUNS: Final = 0.25
"""A watcher hears of the ends of runs in one pod at most this often, and always of the last."""


class Changes:
    """A queue in which each name is at most once. Safe for many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._reported_at: dict[str, float] = {}
        """When a pod was reported last, if it has several runs and is still running."""
        self._stopped = False

    def put(self, name: str, *, of_a_run: bool = False) -> None:
        """Report the pod: at once if its phase changed, and soon if one of its runs ended."""
        now = time.monotonic()
        with self._changed:
            due = now
            if of_a_run:
                due = max(now, self._reported_at.get(name, 0) + SECONDS_BETWEEN_RUNS)
                self._reported_at.setdefault(name, 0)
            else:
                self._reported_at.pop(name, None)
            self._due[name] = min(due, self._due.get(name, due))
            self._changed.notify()

    def forget(self, name: str) -> None:
        """Drop when a deleted pod was reported: of its end, somebody else may have heard."""
        with self._changed:
            self._reported_at.pop(name, None)

    def stop(self) -> None:
        """End the queue: `get` returns None from now on."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def get(self, timeout: float) -> str | None:
        """Return the next name, or None if there is none in that many seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._stopped:
                name = min(self._due, key=self._due.__getitem__, default=None)
                now = time.monotonic()
                if name is not None and self._due[name] <= now:
                    return self._take(name, now)
                if now >= deadline:
                    return None
                self._changed.wait(min(self._due.get(name or "", deadline), deadline) - now)
        return None

    def _take(self, name: str, now: float) -> str:
        del self._due[name]
        if name in self._reported_at:
            self._reported_at[name] = now
        return name
