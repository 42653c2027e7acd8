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
from app.infrastructure.celery.transport import CONNECTION_ERRORS
from app.infrastructure.dependencies import REDIS
from app.queues import queue_of, role_of
from sandbox.logs import say_in_signal_handler

_TWO_LINES_PER_TASK: Final = ("celery.worker.strategy", "celery.app.trace")
_COMMANDS: Final = ("worker", "beat", "flower")
_ABOUT_BROKER: Final = (
    "celery.beat",
    "celery.worker.consumer.connection",
    "celery.worker.consumer.consumer",
    "celery.worker.pidbox",
    "flower.events",
    "flower.inspector",
    "kombu.connection",
    "kombu.mixins",
)
_CONNECTED: Final = "Connected to %s"


def install(format: logs.Format, *, each_task: bool) -> None:
    """Replace Celery's logging. Without `each_task`, its two lines for each task are dropped."""
    role = role_of_process()

    def configure(loglevel: int | str = "info", **_: Any) -> None:
        """Uses the level given on the command line, once Celery has read it."""
        logs.configure(format, loglevel, role)
        if not each_task:
            for name in _TWO_LINES_PER_TASK:
                logging.getLogger(name).setLevel(logging.WARNING)

    celeryd_init.connect(configure, weak=False)
    setup_logging.connect(configure, weak=False)
    watch_broker()
    task_prerun.connect(_begin)
    task_postrun.connect(_end)
    # It says that a worker begins to stop, in a signal's handler, past the log.
    worker.safe_say = _say  # type: ignore[attr-defined]  # missing in the stubs


def role_of_process() -> str:
    """What the command line has Celery do, such as `worker`."""
    return next((word for word in sys.argv if word in _COMMANDS), "celery")


def watch_broker() -> None:
    """Take from Celery's, kombu's and Flower's own lines whether the broker is available."""
    for name in _ABOUT_BROKER:
        logging.getLogger(name).addFilter(_note_broker)


def _note_broker(record: logging.LogRecord) -> bool:
    """Whether to log the line. If it is about a lost connection, `app.logs` leaves it out."""
    said = record.args if isinstance(record.args, tuple) else ()
    for error in (*said, record.exc_info[1] if record.exc_info else None):
        if isinstance(error, BaseException) and (reason := _of_connection(error)):
            REDIS.down(reason)
            setattr(error, logs.REPORTED, True)
    return not (record.msg == _CONNECTED and REDIS.connected())


def _of_connection(error: BaseException) -> Exception | None:
    """Celery wraps errors in its own."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, CONNECTION_ERRORS):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _begin(task: Any = None, args: Any = None, **_: Any) -> None:
    role = role_of(queue_of(task.name)) if task.name.startswith("podline.") else None
    logs.begin(task.request.get(REQUEST_ID), args[0] if args else None, role=role)


def _end(**_: Any) -> None:
    logs.begin()


def _say(message: str, file: object = None) -> None:  # noqa: ARG001  # Celery's signature
    say_in_signal_handler(worker.__name__, message)
