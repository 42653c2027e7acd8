"""The heartbeat of a sandbox host."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Protocol

from app.domain.chain import SWEEP
from app.domain.errors import NameTaken, StoreUnavailable, Unavailable
from app.domain.execution import Time
from app.domain.hosts import HostReport, HostSize
from app.ports import Fleet, Ports
from app.service.admission import fill_slots
from app.service.groups import forget_group
from app.service.hosts import report_of
from app.service.steps import short_name
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

    While the store doesn't answer, the host takes nothing. If only this host can't reach the store,
    it is as good as lost, and says no more that it is alive.

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
        self._sweeps: set[Time] = set()
        """When the sweeps ended that were reported since the store stopped answering here."""

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
            if not self._reaches_store():
                self._ports.bays.pause()
                if self._alone_is_cut_off():
                    log.warning("the host sent no heartbeat: only here, the store does not answer")
                    return
                report = replace(report, free=0)
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

    def _reaches_store(self) -> bool:
        """A read is enough: what keeps everybody from writing is no fault of this host."""
        try:
            self._ports.store.executions.get(self._host)  # the id of none
        except StoreUnavailable as error:
            log.warning("the host takes nothing: %s", error)
            return False
        self._sweeps.clear()
        return True

    def _alone_is_cut_off(self) -> bool:
        """Whether the sweep, which needs the store, has worked since it stopped answering here.

        It has ended once before, and once perhaps just after everybody lost the store. Clocks of
        other machines may be wrong, so times are only told apart.
        """
        ticks = self._ports.ticks.since(0)
        ended = (tick for tick in ticks if tick.ended)
        self._sweeps |= {tick.seen_at for tick in ended if tick.name == short_name(SWEEP)}
        return len(self._sweeps) > 2

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
