"""Ends of pods, in the memory of the process that saw them."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from app.domain.execution import Execution
from app.domain.report import Observation

MOST: Final = 32
"""More than a worker has between the two steps at once. In a worker that never stores, as many
stay.
"""
MOST_BYTES: Final = 64 * 1024
"""Of output in one of them: a cluster can give 3 MiB with an end. Reading it again costs less."""


class SeenEndsInMemory:
    """The port. The latest ends are kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[str, Observation] = OrderedDict()

    def remember(self, end: Observation) -> None:
        if end.output is None or end.output.size > MOST_BYTES or end.collected is not None:
            return
        with self._lock:
            self._seen[end.name] = end
            if len(self._seen) > MOST:
                self._seen.popitem(last=False)

    def take(self, execution: Execution) -> Observation | None:
        with self._lock:
            end = self._seen.pop(execution.pod, None)
        return end if end and end.ended_at == execution.finished_at else None
