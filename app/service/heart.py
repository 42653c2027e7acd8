"""The heartbeat of a sandbox host."""

import logging
import threading
from time import monotonic
from typing import Protocol

from app.domain.errors import Unavailable
from app.domain.hosts import HostSize
from app.ports import Hosts, Ports
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

    def __init__(self, ports: Ports, hosts: Hosts, host: str, pauses: Pauses) -> None:
        self._ports = ports
        self._hosts = hosts
        self._host = host
        self._pauses = pauses
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
            report = report_of(self._host, self._ports.bays, self._ports.runtime)
            self._hosts.put(report)
            before, self._size = self._size, HostSize.of(report)
            if self._size != before:
                fill_slots(self._ports)
            if before is not None and before.group != self._size.group:
                forget_group(self._ports.pipeline, self._hosts, before.group)
        except Unavailable as error:
            log.warning("the host sent no heartbeat: %s", error)

    def search(self) -> None:
        try:
            remove_orphans(self._ports)
        except Unavailable as error:
            log.warning("the search for orphan pods is left to the next one: %s", error)

    def end(self) -> None:
        """Leave nothing behind if the host has drained; otherwise it may come back."""
        try:
            report = report_of(self._host, self._ports.bays, self._ports.runtime)
            if report.draining:
                self._hosts.remove(self._host)
                self._ports.pipeline.forget_host(self._host)
                forget_group(self._ports.pipeline, self._hosts, HostSize.of(report).group)
        except Unavailable as error:
            log.warning("the end of the host was not reported: %s", error)
