"""Reports how much a place holds, as its watcher sees it, and admits more when that grows."""

import logging
from threading import Lock
from time import monotonic
from typing import Final

from app.domain.errors import Unavailable
from app.domain.place import PlaceReport
from app.ports import Ports
from app.service.admission import fill_slots

log = logging.getLogger(__name__)

CLUSTER: Final = "cluster"
"""The name of the only place, where all of a cluster is one."""
REPORT_SECONDS: Final = 2.0
"""Between two reports without news."""


class PlaceReporter:
    """The watcher's threads share it. A runtime whose size never changes reports nothing."""

    def __init__(self, ports: Ports, name: str = CLUSTER) -> None:
        self._ports = ports
        self._name = name
        self._lock = Lock()
        self._last: int | None = None
        self._reported_at = 0.0

    def report(self) -> None:
        """Report news at once, and otherwise every two seconds.

        Never raises: what could not be reported is reported again.
        """
        slots = self._ports.runtime.slots()
        if slots is None:
            return
        with self._lock:
            news = slots != self._last
            if not news and monotonic() - self._reported_at < REPORT_SECONDS:
                return
            try:
                self._put(slots)
            except Unavailable as error:
                log.warning("could not report how much %s holds: %s", self._name, error)

    def _put(self, slots: int) -> None:
        now = self._ports.clock()
        ahead = self._ports.runtime.pools()
        self._ports.places.put(
            PlaceReport(name=self._name, slots=slots, seen_at=now, ahead=tuple(ahead))
        )
        grew = self._last is None or slots > self._last
        self._last, self._reported_at = slots, monotonic()
        if grew:
            fill_slots(self._ports)
