"""An in-memory pipeline, which collects what a test then runs."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from app.domain.chain import CHAIN_FROM
from app.domain.errors import BrokerUnavailable
from app.domain.execution import State, Time
from app.domain.hosts import is_of_hosts, pods_of, queue_at, queues_of
from app.infrastructure.clock import now
from app.infrastructure.raw_message import can_be_read, identity
from app.ports.pipeline import Queued

Started = tuple[str, State, str | None, str | None, Time]


class MemoryPipeline:
    """The twin of the Celery pipeline. `unavailable` makes every publish fail."""

    def __init__(self, clock: Callable[[], Time] = now) -> None:
        self._clock = clock
        self.unavailable = False
        self.next_here: set[str] = set()
        """The executions whose chain the caller's thread could have begun itself."""
        self.resent: list[tuple[str, bytes]] = []
        self._started: deque[Started] = deque()
        self._replays: deque[str] = deque()
        self._lock = threading.Lock()

    def start(
        self,
        execution_id: str,
        state: State,
        host: str | None = None,
        group: str | None = None,
        *,
        next_here: bool = False,
    ) -> None:
        self._check()
        with self._lock:
            self._started.append((execution_id, state, host, group, self._clock()))
            if next_here:
                self.next_here.add(execution_id)

    def forget_host(self, host: str) -> None:
        self._remove(queues_of(host))

    def forget_group(self, group: str) -> None:
        self._remove([pods_of(group)])

    def forget_others(self, living: Collection[str], before: Time) -> int:
        others = [name for name in self.queues() - set(living) if is_of_hosts(name)]
        old = [
            name
            for name, each in self.queued(others).items()
            if each.since is None or each.since < before
        ]
        self._remove(old)
        return len(old)

    def queued(self, queues: Sequence[str]) -> Mapping[str, Queued]:
        self._check()
        with self._lock:
            since = {
                name: [each[-1] for each in self._started if _queue(*each) == name]
                for name in queues
            }
        return {name: Queued(len(times), min(times, default=None)) for name, times in since.items()}

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

    def take(self, serves: Callable[[str], bool] = lambda _: True) -> tuple[str, State] | None:
        """Remove and return the oldest chain that was started, in a queue that is served."""
        with self._lock:
            for started in self._started:
                if serves(_queue(*started)):
                    self._started.remove(started)
                    return started[:2]
        return None

    def take_replay(self) -> str | None:
        """Remove and return the replay of the oldest slice that was requested."""
        with self._lock:
            return self._replays.popleft() if self._replays else None

    def queues(self) -> set[str]:
        """Return the queues that have messages."""
        with self._lock:
            return {_queue(*started) for started in self._started}

    def _remove(self, queues: Collection[str]) -> None:
        self._check()
        with self._lock:
            self._started = deque(each for each in self._started if _queue(*each) not in queues)

    def _check(self) -> None:
        if self.unavailable:
            raise BrokerUnavailable("the broker is unavailable")


def _queue(_: str, state: State, host: str | None, group: str | None, __: Time) -> str:
    return queue_at(CHAIN_FROM[state][0], host, group)
