"""The quota of unfinished executions of all owners together."""

import logging
from threading import Lock
from typing import Final

from app.domain.errors import CoordinationUnavailable, QuotaExceeded
from app.domain.execution import SECOND, Time
from app.ports import AdmissionQueue, Clock, Ports
from app.service.cached import is_fresh

log = logging.getLogger(__name__)

FRESH: Final = SECOND // 10
"""Every submission needs the queue's length, so it is asked for ten times a second at most. What
other processes accept meanwhile is not counted.
"""


class Capacity:
    """Remembers how long the queue was.

    It asks again when that, and what was accepted since, may be too much.
    """

    def __init__(self, queue: AdmissionQueue, clock: Clock, max_unfinished: int) -> None:
        self._queue = queue
        self._clock = clock
        self._max_unfinished = max_unfinished
        self._lock = Lock()
        self._asked_at: Time | None = None
        self._queued = 0

    def take(self, count: int = 1) -> None:
        """Count `count` more. Raises QuotaExceeded if the service is at capacity."""
        with self._lock:
            if not self._is_fresh() or not self._has_room(count):
                self._ask()
            if not self._has_room(count):
                raise QuotaExceeded("the service is at capacity; try again later")
            self._queued += count

    def _is_fresh(self) -> bool:
        return self._asked_at is not None and is_fresh(self._asked_at, self._clock(), FRESH)

    def _has_room(self, count: int) -> bool:
        return self._queued + count <= self._max_unfinished

    def _ask(self) -> None:
        try:
            self._queued = self._queue.length()
        except CoordinationUnavailable as error:
            log.warning("accepted an execution without checking the total quota: %s", error)
            self._queued = 0
        self._asked_at = self._clock()


def capacity_of(ports: Ports) -> Capacity:
    return Capacity(ports.admission, ports.clock, ports.policy.max_unfinished)
