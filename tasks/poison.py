"""What fails in a worker in a way that nobody expected becomes a dead letter.

What Celery 5 does with each kind of bad message was measured (docs/decisions.md): it has dropped
the message by the time these run, so this is the last place where it can be kept.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery.signals import task_failure, task_rejected, task_unknown
from kombu.exceptions import OperationalError

from app.domain.errors import PodlineError
from app.ports import Ports
from app.service.dead_letters import record_poison, record_task_error
from tasks.process import ports
from tasks.task_events import BatchingConsumer

log = logging.getLogger(__name__)


class PoisonConsumer(BatchingConsumer):
    """The worker's consumer (`worker_consumer`): keeps messages that can't be decoded."""

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        keep_poison(message, exc)
        super().on_decode_error(message, exc)


@task_unknown.connect
@task_rejected.connect
def keep_poison_of_signal(message: Any = None, exc: Exception | None = None, **_: Any) -> None:
    keep_poison(message, exc)


def keep_poison(message: Any, error: Exception | None) -> None:
    queue = str((message.delivery_info or {}).get("routing_key", "unknown"))
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    keep_poison_item(queue, body, error)


def keep_poison_item(queue: str, body: bytes, error: Exception | None) -> None:
    _keep(lambda to: record_poison(to, queue, body, _describe(error)))


@task_failure.connect
def keep_failure(sender: Any = None, exception: Any = None, args: Any = None, **_: Any) -> None:
    """Unless the task itself was done and only its successor could not be published.

    Celery records the finished task as failed then; the sweep goes on from the row.
    """
    if isinstance(exception, OperationalError):
        log.warning("after %s the chain waits for the sweep: %s", sender.name, exception)
        return
    execution_id = args[0] if args and isinstance(args[0], str) else None
    _keep(lambda to: record_task_error(to, sender.name, execution_id, _describe(exception)))


def _keep(record: Callable[[Ports], None]) -> None:
    try:
        record(ports())
    except PodlineError:
        log.exception("a dead letter could neither be stored nor parked")


def _describe(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}" if error else "no error was given"
