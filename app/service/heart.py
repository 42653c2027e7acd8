"""The heartbeat of a sandbox host."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from app.domain.errors import NameTaken, Unavailable
from app.domain.hosts import HostReport, HostSize
from app.ports import Fleet, Ports
from app.service.admission import fill_slots
from app.service.groups import forget_group
from app.service.hosts import report_of
from app.service.sweep import remove_orphans

log = logging.getLogger(__name__)


class Pauses(Protocol):
    """In seconds."""

    @property
    def heartbeat(self) -> float: ...

    @property
    def orphans(self) -> float: ...


class Heart:
    """Says that this host is alive as long as its daemon answers.

    It also deletes pods of attempts that were given to others while the host was thought lost.
    """

    def __init__(
        self, ports: Ports, fleet: Fleet, pauses: Pauses, give_up: Callable[[], None]
    ) -> None:
        """`give_up` ends this process, because another host has its name."""
        assert fleet.here is not None, "only hosts have a heartbeat"
        self._ports = ports
        self._hosts = fleet.hosts
        self._host = fleet.here
        self._owner = fleet.owner
        self._pauses = pauses
        self._give_up = give_up
        self._size: HostSize | None = None

    def run(self, stop: threading.Event) -> None:
        """Beat until the event is set."""
        searched = monotonic()
        while not stop.is_set():
            try:
                self.beat()
                if monotonic() - searched >= self._pauses.orphans:
                    searched = monotonic()
                    self.search()
            except Exception:  # a thread's last resort: without it, the host is lost
                log.exception("a heartbeat of the host failed")
            stop.wait(self._pauses.heartbeat)
        self.end()

    def beat(self) -> None:
        try:
            report = self._report()
            self._hosts.put(report)
            before, self._size = self._size, HostSize.of(report)
            if self._size != before:
                fill_slots(self._ports)
            if before is not None and before.group != self._size.group:
                forget_group(self._ports.pipeline, self._hosts, before.group)
        except NameTaken:
            log.error("another host has the name %s by now: this one gives up", self._host)
            self._give_up()
        except Unavailable as error:
            log.warning("the host sent no heartbeat: %s", error)

    def _report(self) -> HostReport:
        return report_of(self._host, self._owner, self._ports.bays, self._ports.runtime)

    def search(self) -> None:
        try:
            remove_orphans(self._ports)
        except Unavailable as error:
            log.warning("the search for orphan pods is left to the next one: %s", error)

    def end(self) -> None:
        """Leave nothing behind if the host has drained; otherwise somebody may continue here."""
        try:
            report = self._report()
            if not self._hosts.holds(self._host, self._owner):
                return
            if not report.draining:
                self._hosts.leave(self._host, self._owner)
                return
            self._hosts.remove(self._host, self._owner)
            self._ports.pipeline.forget_host(self._host)
            forget_group(self._ports.pipeline, self._hosts, HostSize.of(report).group)
        except Unavailable as error:
            log.warning("the end of the host was not reported: %s", error)
