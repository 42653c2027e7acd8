"""What fails in a worker in a way that nobody expected becomes a dead letter.

What Celery 5 does with each kind of bad message was measured (docs/decisions.md): it is off its
queue by the time these run, so this is the last place where it can be kept.
"""

import logging
from typing import Any, Final

from celery.signals import task_failure
from kombu.exceptions import OperationalError

from app.infrastructure.celery.process import ports
from app.service.dead_letters import record_poison, record_task_error

log = logging.getLogger(__name__)

LOST: Final = "a dead letter could neither be stored nor parked"
LONGEST_ID: Final = 26
"""Of an execution: a ULID."""


def keep_poison(queue: str, item: bytes, error: Exception) -> None:
    """Nothing is raised: the worker's loop goes on, whatever became of the letter."""
    try:
        record_poison(ports(), queue, item, _describe(error))
    except Exception:  # else the worker would exit
        log.exception(LOST)


@task_failure.connect
def keep_failure(sender: Any = None, exception: Any = None, args: Any = None, **_: Any) -> None:
    """Unless the task itself was done and only its successor could not be published.

    Celery records the finished task as failed then; the sweep goes on from the row.
    """
    if isinstance(exception, OperationalError):
        log.warning("after %s the chain waits for the sweep: %s", sender.name, exception)
        return
    try:
        record_task_error(ports(), sender.name, _execution_id(args), _describe(exception))
    except Exception:  # Celery would log it as an error of a signal's receiver
        log.exception(LOST)


def _execution_id(args: Any) -> str | None:
    """The first argument, if it may be one: the message may have come from anybody."""
    first = args[0] if isinstance(args, list | tuple) and args else None
    if isinstance(first, str) and len(first) <= LONGEST_ID and first.isascii():
        return first
    return None


def _describe(error: Exception) -> str:
    """Of what a message says, as much as any store takes: no lone surrogates."""
    described = f"{type(error).__name__}: {error}"
    return described.encode("utf-8", "backslashreplace").decode()
