"""Which pods that were started ahead wait for an attempt, as a watcher sees them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from app.domain.report import Phase
from app.infrastructure.clock import now
from app.infrastructure.kubernetes.ahead import is_unclaimed
from app.infrastructure.kubernetes.manifest import AHEAD
from app.infrastructure.kubernetes.observation import observation_of


class Idle:
    """A watcher tells it what it sees, and any thread asks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ready: dict[str, tuple[str, bool]] = {}
        """By pod: its pool's label, and whether it is ready."""

    def put_all(self, pods: Iterable[Mapping[str, Any]]) -> None:
        with self._lock:
            self._ready.clear()
        for pod in pods:
            self.put(pod)

    def put(self, pod: Mapping[str, Any]) -> None:
        metadata = pod["metadata"]
        with self._lock:
            self._ready.pop(metadata["name"], None)
            if is_unclaimed(metadata):
                seen = observation_of(pod, now())
                is_ready = seen is not None and seen.phase is Phase.RUNNING
                self._ready[metadata["name"]] = metadata["labels"][AHEAD], is_ready

    def remove(self, name: str) -> None:
        with self._lock:
            self._ready.pop(name, None)

    def ready(self) -> Counter[str]:
        """How many are ready, by the label of their pool."""
        with self._lock:
            return Counter(label for label, is_ready in self._ready.values() if is_ready)
