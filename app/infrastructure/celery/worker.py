"""What a worker and beat do besides their tasks."""

import atexit
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery.concurrency import get_implementation, prefork
from celery.signals import beat_init, celeryd_init, task_failure, worker_init, worker_ready

from app import logs
from app.domain.chain import SWEEP
from app.domain.errors import IsNewer
from app.infrastructure.celery import logs as task_logs
from app.infrastructure.celery import transport
from app.infrastructure.celery.application import Application
from app.infrastructure.celery.bootsteps import HeartbeatStep, WatcherStep
from app.infrastructure.celery.joining import JoiningStep
from app.infrastructure.celery.poison import keep_failure, keep_poison
from app.infrastructure.celery.pulling import PullStep
from app.infrastructure.celery.reports import ReportStep
from app.service.upgrade import upgrade
from sandbox.memory import return_what_is_freed
from sandbox.private import set_umask

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the process provides in addition to its application."""

    log_format: logs.Format
    log_each_task: bool
    keep_private: Callable[[], None]
    """Exits if other users can reach what the service stores."""
    metrics_host: str
    metrics_port: int | None
    """None if the worker serves no /metrics."""


def equip(app: Application, surroundings: Surroundings) -> None:
    """Connect signals and bootsteps. Call this once in a process."""
    # Looking for reference cycles among all modules would make a stop 0.2 s longer.
    atexit.register(gc.freeze)
    transport.install(keep_poison=partial(keep_poison, app), before_attempt=app.heartbeat.retry)
    task_logs.install(surroundings.log_format, each_task=surroundings.log_each_task)
    app.steps["consumer"] |= {
        HeartbeatStep,
        JoiningStep,
        PullStep,
        ReportStep,
        WatcherStep,
    }
    for signal, receiver in (
        (celeryd_init, partial(_keep_private, surroundings)),
        (beat_init, partial(_keep_private, surroundings)),
        (worker_init, _refuse_to_fork),
        (worker_init, partial(_prepare, app)),
        (worker_ready, partial(_serve_metrics, app, surroundings)),
        (worker_ready, partial(_sweep, app)),
        (task_failure, partial(keep_failure, app)),
    ):
        signal.connect(receiver, weak=False)


def _keep_private(surroundings: Surroundings, **_: Any) -> None:
    set_umask()
    surroundings.keep_private()


def _refuse_to_fork(sender: Any, **_: Any) -> None:
    """Exit if the pool forks, because a child can't share its parent's adapters (app/ports)."""
    if issubclass(get_implementation(sender.pool_cls), prefork.TaskPool):
        logs.exit_with("Podline's workers use threads: omit --pool, or use --pool solo.")


def _prepare(app: Application, **_: Any) -> None:
    """Create the ports before several threads need them at once, and upgrade their data.

    Celery logs any other exception of a receiver and continues, so that a task tries again.
    """
    # Tasks leave few reference cycles. Looking for them after every 700 allocations cost a worker
    # 1 ms of CPU time per execution.
    gc.set_threshold(50_000, 20, 100)
    return_what_is_freed()
    try:
        upgrade(app.ports)
    except IsNewer as error:
        logs.exit_with(str(error))


def _serve_metrics(app: Application, surroundings: Surroundings, **_: Any) -> None:
    """Serve /metrics. A second worker with the same settings runs without it."""
    if surroundings.metrics_port is None:
        return
    try:
        app.ports.metrics.serve(surroundings.metrics_host, surroundings.metrics_port)
    except OSError as error:
        log.warning("this worker serves no /metrics: %s", error)


def _sweep(app: Application, **_: Any) -> None:
    """Don't wait for beat: Redis may be new and empty."""
    app.send_task(SWEEP)
