"""Limits how many large bodies are processed at once, and so how much memory they need."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from app.api.turnstile import Turnstile

AT_ONCE: Final = 2
"""Reading keeps the interpreter busy, which runs one thread at a time: more would not be faster."""
LARGE_BYTES: Final = 512 * 1024


class LargeBodies:
    """Processes one large body of each owner at a time; owners take turns.

    A body of 12 MiB takes up to 60 MB while it is read, because its text may need 4 bytes per
    character, and then up to 28 MiB until it is stored. Bodies that wait stay where the HTTP server
    has put them, on disk.
    """

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._lock = Lock()
        self._reading: set[str] = set()
        """Owners."""
        self._waiting: dict[str, deque[Any]] = {}
        """A locked lock for each body. The owner who is first has waited longest."""

    @contextmanager
    def turn(self, owner: str, size: int | None) -> Iterator[None]:
        """Wait until a body of this size can be read; None is a size that nobody knows yet."""
        if size is not None and size <= LARGE_BYTES:
            yield
            return
        self._enter(owner)
        try:
            yield
        finally:
            with self._lock:
                self._reading.remove(owner)
                self._let_in()

    def _enter(self, owner: str) -> None:
        """Requests with small bodies pass meanwhile."""
        turn = Lock()
        turn.acquire()
        with self._lock:
            self._waiting.setdefault(owner, deque()).append(turn)
            self._let_in()
        if not turn.acquire(blocking=False):
            with self._turnstile.waiting():
                turn.acquire()

    def _let_in(self) -> None:
        while len(self._reading) < AT_ONCE:
            owner = next((each for each in self._waiting if each not in self._reading), None)
            if owner is None:
                return
            queue = self._waiting.pop(owner)
            queue.popleft().release()
            self._reading.add(owner)
            if queue:
                self._waiting[owner] = queue
