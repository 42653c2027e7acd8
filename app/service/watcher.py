"""The pod monitor's watcher, which runs in every worker that consumes the queue `monitor`.

A lease lets one worker at a time watch. If it dies, another one takes over within
`WATCH_LEASE_SECONDS`; the sweep polls what was missed in between. Each sandbox host has a watcher,
which is also its heartbeat.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from time import monotonic
from typing import Final

from app.domain.chain import POLL
from app.domain.errors import (
    BrokerUnavailable,
    CoordinationUnavailable,
    RuntimeUnavailable,
    Unavailable,
)
from app.domain.execution import State, owner_of_pod
from app.domain.hosts import queue_at
from app.domain.worker import WorkerReport
from app.ports import Fleet, Lease, Ports
from app.service.heart import Heart
from app.service.monitor import feed_live_output
from app.service.reporting import PlaceReporter

log = logging.getLogger(__name__)

LEASE_NAME: Final = "monitor.watch"
WATCH_LEASE_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long the threads of the watcher wait between two actions, in seconds."""

    renew: float = 2.0
    """Between two renewals of the lease, or two attempts to get it."""
    retry: float = 1.0
    """After an error."""
    feed: float = 0.1
    """At least, between two reads of watched live output."""
    idle_feed: float = 0.5
    """Between two checks whether somebody watches."""
    report: float = 0.25
    """Between two checks whether the place holds more or less than before."""
    heartbeat: float = 1.0
    """Between two heartbeats of a host."""
    orphans: float = 5.0
    """Between two searches of a host for orphan pods."""


class Watcher:
    """Threads: one watches the runtime, one keeps the lease, one feeds live output, and one reports
    how much the runtime holds if that changes.

    On a sandbox host, another one sends heartbeats, and deletes what no row names.
    """

    def __init__(
        self,
        make_ports: Callable[[], Ports],
        pauses: Pauses = Pauses(),  # immutable
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        """`give_up` ends this process, if another host has taken the name of this one."""
        self._give_up = give_up
        self._make_ports = make_ports
        self._pauses = pauses
        self._stopping = threading.Event()
        self._holding = threading.Event()
        self._version = version("podline")
        self._name = f"{socket.gethostname()}:{os.getpid()} watcher"
        self._threads = [
            threading.Thread(target=self._run, name="watcher", daemon=True),
            threading.Thread(target=self._beat, name="heart", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def is_watching(self) -> bool:
        """Whether it holds the lease."""
        return self._holding.is_set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._take_turns(self._make_ports())
            except Exception:  # a thread's last resort: without it nobody watches
                log.exception("the watcher failed and restarts")
                self._stopping.wait(self._pauses.retry)

    def _beat(self) -> None:
        """Without a lease: whoever restarts on this host continues its heartbeat at once."""
        ports = self._make_ports()
        if ports.fleet is not None and ports.fleet.here is not None:
            Heart(ports, ports.fleet, self._pauses, self._give_up).run(self._stopping)

    def _take_turns(self, ports: Ports) -> None:
        while not self._stopping.is_set():
            try:
                lease = ports.leases.acquire(_lease_name(ports.fleet), WATCH_LEASE_SECONDS)
            except CoordinationUnavailable as error:
                log.warning("the watcher waits for its lease: %s", error)
                lease = None
            if lease is None:
                self._stopping.wait(self._pauses.renew)
            else:
                self._hold(ports, lease)

    def _hold(self, ports: Ports, lease: Lease) -> None:
        lost, reporter = threading.Event(), PlaceReporter(ports)
        others = [
            threading.Thread(
                target=self._keep, args=(ports, lease, lost), name="keeper", daemon=True
            ),
            threading.Thread(target=self._feed, args=(ports, lost), name="feeder", daemon=True),
        ]
        if ports.runtime.slots() is not None:
            reports = threading.Thread(target=self._report, args=(reporter, lost), daemon=True)
            others.append(reports)
        self._holding.set()
        for thread in others:
            thread.start()
        try:
            while not self._stopping.is_set() and not lost.is_set():
                self._watch(ports, reporter, lambda: self._stopping.is_set() or lost.is_set())
        finally:
            lost.set()
            for thread in others:
                thread.join()
            self._holding.clear()

    def _watch(self, ports: Ports, reporter: PlaceReporter, stop: Callable[[], bool]) -> None:
        """Watch first and list then, so that changes before the watch are noticed, too.

        Whoever polls because a pod finds no room must know already how much there is.
        """
        try:
            changed = ports.runtime.watch(stop)
            for name in chain(ports.runtime.list_pods(), changed):
                reporter.report()
                self._poll(ports, name)
        except (RuntimeUnavailable, BrokerUnavailable) as error:
            log.warning("the watch ended: %s", error)
            ports.metrics.watch_restarted()
            self._stopping.wait(self._pauses.retry)

    @staticmethod
    def _poll(ports: Ports, name: str) -> None:
        try:
            execution_id, _ = owner_of_pod(name)
        except ValueError:
            log.warning("the watch reported a pod that is not Podline's: %s", name)
        else:
            ports.pipeline.start(execution_id, State.RUNNING, _own_host(ports.fleet))

    def _report_watching(self, ports: Ports) -> None:
        """The watcher's heartbeat."""
        ports.worker_reports.put(
            WorkerReport(
                name=self._name,
                kind="watcher",
                roles=(queue_at(POLL, _own_host(ports.fleet)),),
                version=self._version,
                seen_at=ports.clock(),
            )
        )

    def _keep(self, ports: Ports, lease: Lease, lost: threading.Event) -> None:
        """Renew the lease until it is lost; then another worker watches."""
        try:
            while True:
                self._report_watching(ports)
                if lost.wait(self._pauses.renew):
                    break
                if not lease.renew():
                    return
            lease.release()
            ports.worker_reports.remove(self._name)
        except CoordinationUnavailable as error:
            log.warning("the watcher lost its lease: %s", error)
        finally:
            lost.set()

    def _report(self, reporter: PlaceReporter, lost: threading.Event) -> None:
        try:
            while not lost.wait(self._pauses.report):
                reporter.report()
        except Exception:  # a thread's last resort: another watcher takes over
            log.exception("reporting how much the runtime holds failed")
        finally:
            lost.set()

    def _feed(self, ports: Ports, lost: threading.Event) -> None:
        """Feed live output. Nothing else waits for the runtime here."""
        pause = self._pauses.idle_feed
        try:
            while not lost.wait(pause):
                pause = feed_once(ports, self._pauses)
        except Exception:  # a thread's last resort: another watcher takes over
            log.exception("feeding live output failed")
        finally:
            lost.set()


def _own_host(fleet: Fleet | None) -> str | None:
    return None if fleet is None else fleet.here


def _lease_name(fleet: Fleet | None) -> str:
    """Each host has a watcher of its own."""
    return LEASE_NAME if fleet is None else f"{LEASE_NAME}.{fleet.here}"


def feed_once(ports: Ports, pauses: Pauses) -> float:
    """Feed live output once. Returns the seconds until the next time.

    On a cluster, reading logs can take long. Then they are read less often, so that the API server
    and the kubelets spend at most half of their time on this.
    """
    began = monotonic()
    try:
        watched = feed_live_output(ports)
        return max(pauses.feed, monotonic() - began) if watched else pauses.idle_feed
    except Unavailable as error:
        log.warning("live output is unavailable: %s", error)
        return pauses.retry
