"""Lets few large bodies be read at once, so that many of them do not need much memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from app.api.turnstile import Turnstile

AT_ONCE: Final = 2
"""Reading is work for the interpreter, which does one thing at a time: more would not be faster."""
LARGE_BYTES: Final = 512 * 1024


class LargeBodies:
    """A body of 11 MB takes up to 60 MB while it is read, for its text may need 4 bytes a letter.

    Those that wait are still where the HTTP server has put them, on disk.
    """

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._free = BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self, size: int | None) -> Iterator[None]:
        """Wait until a body of this size can be read; None is a size that nobody knows yet."""
        if size is not None and size <= LARGE_BYTES:
            yield
            return
        self._wait()
        try:
            yield
        finally:
            self._free.release()

    def _wait(self) -> None:
        """Requests with small bodies pass meanwhile."""
        if not self._free.acquire(blocking=False):
            with self._turnstile.waiting():
                self._free.acquire()
