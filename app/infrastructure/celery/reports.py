"""What a worker and beat report about themselves, for /api/v1/workers."""

import logging
import os
import socket
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from celery import bootsteps
from celery.worker import state

from app.domain.errors import CoordinationUnavailable
from app.domain.execution import SECOND
from app.domain.worker import RunningStep, WorkerReport
from app.ports import Clock, TickReports, WorkerReports
from app.service.steps import expect
from app.service.workers import REPORT_SECONDS

log = logging.getLogger(__name__)

_HOST: Final = socket.gethostname()


class Reporter:
    """Sends the heartbeats of one process."""

    def __init__(self, reports: WorkerReports, ticks: TickReports, clock: Clock) -> None:
        self._reports = reports
        self._ticks = ticks
        self._clock = clock
        self._name = f"{_HOST}:{os.getpid()}"
        self._version = version("podline")
        self._sent_at = 0.0
        self._is_listed = False

    def report(
        self,
        kind: Literal["worker", "beat"],
        roles: Iterable[str],
        steps: Iterable[RunningStep] = (),
        sent_every: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Send a heartbeat, unless one was sent a moment ago. A failure is logged.

        `sent_every` are the seconds between two ticks of each task that beat sends.
        """
        if time.monotonic() - self._sent_at < REPORT_SECONDS / 2:
            return
        self._sent_at = time.monotonic()
        report = WorkerReport(
            name=self._name,
            kind=kind,
            roles=tuple(sorted(roles)),
            version=self._version,
            seen_at=self._clock(),
            steps=tuple(steps),
        )
        try:
            if not self._is_listed:
                self._forget_the_dead()
                self._is_listed = True
            self._reports.put(report)
            expect(self._ticks, self._clock, sent_every)
        except CoordinationUnavailable as error:
            log.warning("no heartbeat was sent: %s", error)

    def _forget_the_dead(self) -> None:
        """Whoever takes the place of a process that was killed here ends its heartbeat."""
        for report in self._reports.since(0):
            if _has_ended(report.name):
                self._reports.remove(report.name)

    def leave(self) -> None:
        """Stop being listed at once."""
        try:
            self._reports.remove(self._name)
        except CoordinationUnavailable as error:
            log.warning("the end of this process was not reported: %s", error)


class ReportStep(bootsteps.StartStopStep):
    """Reports from the timer of the worker's event loop, so that it stops if the loop hangs."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        def report() -> None:
            queues = [*parent.app.amqp.queues.consume_from, *(["pods"] if parent.app.pulls else [])]
            parent.app.reporter.report("worker", queues, running_steps())

        report()
        self._timer = parent.timer.call_repeatedly(REPORT_SECONDS, report)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            parent.app.reporter.leave()


def running_steps() -> list[RunningStep]:
    """The tasks that this worker is running."""
    return [
        RunningStep(
            task=request.name,
            subject_id=request.args[0] if request.args else None,
            started_at=int(request.time_start * SECOND),
        )
        for request in list(state.active_requests)
        if request.time_start
    ]


def _has_ended(name: str) -> bool:
    """Whether it is the name of a process, or of the watcher in it, that was on this machine."""
    host, _, process = name.rpartition(":")
    pid, _, _ = process.partition(" ")
    return host == _HOST and pid.isdecimal() and not Path("/proc", pid).exists()
