"""Bounds the number of requests in progress; the others wait in order.

Threads that compete for the interpreter waste time: a thousand submissions at once took 5 s with
all threads at work, and 3 s with 16.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AT_ONCE: Final = 16
STALL_SECONDS: Final = 0.25
"""If no request has ended for this long, those in progress wait for something, such as a locked
database. Then all requests are let in, so that each gets its response within the same time.
"""


class Turnstile:
    """WSGI middleware. The body of a response, such as a stream, is not counted."""

    def __init__(
        self, app: "WSGIApplication", exempt: Callable[[str], bool] = lambda _: False
    ) -> None:
        """`exempt` says which paths are served at once."""
        self._app = app
        self._exempt = exempt
        self._lock = Lock()
        self._at_work = 0
        self._left_at = monotonic()
        self._waiting: deque[Any] = deque()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self._exempt(environ["PATH_INFO"]):
            return self._app(environ, start_response)
        self._enter()
        try:
            return self._app(environ, start_response)
        finally:
            self._leave()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let another request in while this thread waits."""
        self._leave()
        try:
            yield
        finally:
            self._enter()

    def _enter(self) -> None:
        with self._lock:
            if self._at_work < AT_ONCE:
                self._at_work += 1
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        while not turn.acquire(timeout=STALL_SECONDS):
            with self._lock:
                if monotonic() - self._left_at >= STALL_SECONDS:
                    self._let_in(len(self._waiting))

    def _leave(self) -> None:
        with self._lock:
            self._left_at = monotonic()
            self._at_work -= 1
            self._let_in(min(len(self._waiting), AT_ONCE - self._at_work))

    def _let_in(self, how_many: int) -> None:
        for _ in range(how_many):
            self._at_work += 1
            self._waiting.popleft().release()
