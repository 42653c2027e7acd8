"""An in-memory pipeline, which collects what a test then runs."""

import threading
from collections import deque

from app.domain.errors import BrokerUnavailable
from app.domain.execution import State
from app.infrastructure.raw_message import can_be_read, identity


class MemoryPipeline:
    """The twin of the Celery pipeline. `unavailable` makes every publish fail."""

    def __init__(self) -> None:
        self.unavailable = False
        self.resent: list[tuple[str, bytes]] = []
        self._started: deque[tuple[str, State]] = deque()
        self._replays: deque[str] = deque()
        self._lock = threading.Lock()

    def start(self, execution_id: str, state: State) -> None:
        self._check()
        with self._lock:
            self._started.append((execution_id, state))

    def replay(self, replay_id: str) -> None:
        self._check()
        with self._lock:
            self._replays.append(replay_id)

    def resend(self, queue: str, item: bytes) -> None:
        self._check()
        self.resent.append((queue, item))

    def can_resend(self, queue: str, item: bytes) -> bool:
        return can_be_read(queue, item)

    def identity(self, item: bytes) -> bytes:
        return identity(item)

    def take(self) -> tuple[str, State] | None:
        """Remove and return the oldest chain that was started."""
        with self._lock:
            return self._started.popleft() if self._started else None

    def take_replay(self) -> str | None:
        """Remove and return the replay of the oldest slice that was requested."""
        with self._lock:
            return self._replays.popleft() if self._replays else None

    def _check(self) -> None:
        if self.unavailable:
            raise BrokerUnavailable("the broker is unavailable")
