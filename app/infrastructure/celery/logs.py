"""Logs of workers and beat. Each line, even Celery's own, names the execution it is about."""

import logging
from typing import Any, Final

from celery.signals import setup_logging, task_postrun, task_prerun

from app import logs
from app.infrastructure.celery.messages import REQUEST_ID

_TWO_LINES_PER_TASK: Final = ("celery.worker.strategy", "celery.app.trace")


def install(format: logs.Format, *, each_task: bool) -> None:
    """Replace Celery's logging. Without `each_task`, its two lines for each task are dropped."""

    def configure(loglevel: int | str = "info", **_: Any) -> None:
        """Uses the level given on the command line."""
        logs.configure(format, loglevel)
        if not each_task:
            for name in _TWO_LINES_PER_TASK:
                logging.getLogger(name).setLevel(logging.WARNING)

    setup_logging.connect(configure, weak=False)
    task_prerun.connect(_begin)
    task_postrun.connect(_end)


def _begin(task: Any = None, args: Any = None, **_: Any) -> None:
    logs.begin(task.request.get(REQUEST_ID), args[0] if args else None)


def _end(**_: Any) -> None:
    logs.begin()
