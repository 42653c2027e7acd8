"""How many unfinished executions the service takes in all."""

import logging
from threading import Lock
from typing import Final

from app.domain.errors import CoordinationUnavailable, QuotaExceeded
from app.domain.execution import SECOND, Time
from app.ports import Ports

log = logging.getLogger(__name__)

FRESH: Final = SECOND // 10
"""The queue's length is asked for ten times a second at most, for it is on the way of every
submission. What other processes accept meanwhile is not seen.
"""


class Capacity:
    """Remembers how long the queue was. It asks again once that, and what it accepted since,
    may be too much.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = Lock()
        self._asked_at: Time | None = None
        self._queued = 0

    def take(self) -> None:
        """Count one more. Raises QuotaExceeded where the service has all that it takes."""
        with self._lock:
            if not self._is_fresh() or self._is_full():
                self._ask()
            if self._is_full():
                raise QuotaExceeded("the service is at capacity; try again later")
            self._queued += 1

    def _is_fresh(self) -> bool:
        # Not below 0: a clock that was set back must not keep an answer for long.
        return self._asked_at is not None and (0 <= self._ports.clock() - self._asked_at < FRESH)

    def _is_full(self) -> bool:
        return self._queued >= self._ports.policy.max_unfinished

    def _ask(self) -> None:
        try:
            self._queued = self._ports.admission.length()
        except CoordinationUnavailable as error:
            log.warning("accepted an execution without checking the total quota: %s", error)
            self._queued = 0
        self._asked_at = self._ports.clock()
