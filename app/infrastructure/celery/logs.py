"""Logs of workers, beat and Flower. Each line, even Celery's own, names the execution it is about.

Lines of a task have its role, those of a queue, and all others that of the process.
"""

import logging
import sys
from typing import Any, Final

from celery.apps import worker
from celery.signals import celeryd_init, setup_logging, task_postrun, task_prerun

from app import logs
from app.infrastructure.celery.messages import REQUEST_ID
from app.queues import queue_of, role_of
from sandbox.logs import say_in_signal_handler

_TWO_LINES_PER_TASK: Final = ("celery.worker.strategy", "celery.app.trace")
_COMMANDS: Final = ("worker", "beat", "flower")


def install(format: logs.Format, *, each_task: bool) -> None:
    """Replace Celery's logging. Without `each_task`, its two lines for each task are dropped."""
    role = next((word for word in sys.argv if word in _COMMANDS), "celery")

    def configure(loglevel: int | str = "info", **_: Any) -> None:
        """Uses the level given on the command line, once Celery has read it."""
        logs.configure(format, loglevel, role)
        if not each_task:
            for name in _TWO_LINES_PER_TASK:
                logging.getLogger(name).setLevel(logging.WARNING)

    celeryd_init.connect(configure, weak=False)
    setup_logging.connect(configure, weak=False)
    task_prerun.connect(_begin)
    task_postrun.connect(_end)
    # It says that a worker begins to stop, in a signal's handler, past the log.
    worker.safe_say = _say  # type: ignore[attr-defined]  # missing in the stubs


def _begin(task: Any = None, args: Any = None, **_: Any) -> None:
    role = role_of(queue_of(task.name)) if task.name.startswith("podline.") else None
    logs.begin(task.request.get(REQUEST_ID), args[0] if args else None, role=role)


def _end(**_: Any) -> None:
    logs.begin()


def _say(message: str, file: object = None) -> None:  # noqa: ARG001  # Celery's signature
    say_in_signal_handler(worker.__name__, message)
