"""Live output within one process, which neither expires nor overflows."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from threading import Lock
from time import time

from app.domain.report import Frame

WATCH_SECONDS = 30


class MemoryLiveOutput:
    """The live output of running programs, for those who watch."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._watched_until: dict[str, float] = {}
        self._frames: dict[str, list[Frame]] = defaultdict(list)

    def watch(self, execution_id: str) -> None:
        with self._lock:
            self._watched_until[execution_id] = self._clock() + WATCH_SECONDS

    def watched(self) -> set[str]:
        with self._lock:
            now = self._clock()
            return {id for id, until in self._watched_until.items() if until > now}

    def append(self, pod_name: str, frames: Sequence[Frame]) -> None:
        with self._lock:
            kept = self._frames[pod_name]
            for frame in frames:
                if not kept or frame.sequence > kept[-1].sequence:
                    kept.append(frame)

    def read(self, pod_name: str, after: int) -> list[Frame]:
        with self._lock:
            return [frame for frame in self._frames.get(pod_name, ()) if frame.sequence > after]

    def last(self, pod_name: str) -> int:
        with self._lock:
            frames = self._frames.get(pod_name)
            return frames[-1].sequence if frames else 0
