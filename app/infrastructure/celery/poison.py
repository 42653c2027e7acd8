"""Unexpected failures of a worker become dead letters.

Celery 5 has taken a bad message off its queue by the time these functions run (measured:
docs/decisions.md), so this is the last place where it can be kept.
"""

import logging
from typing import Any, Final

from kombu.exceptions import OperationalError

from app.infrastructure.celery.application import Application
from app.infrastructure.celery.tracebacks import traceback_of
from app.service.dead_letters import record_poison, record_task_error

log = logging.getLogger(__name__)

LOST: Final = "a dead letter could neither be stored nor parked"
LONGEST_ID: Final = 26
"""Characters of a ULID."""


def keep_poison(app: Application, queue: str, item: bytes, error: Exception) -> None:
    """Record a message that is not one of our tasks. Never raises: the worker continues."""
    try:
        record_poison(app.ports, queue, item, _describe(error))
    except Exception:  # otherwise the worker would exit
        log.exception(LOST)


def keep_failure(
    app: Application, sender: Any = None, exception: Any = None, args: Any = None, **_: Any
) -> None:
    """Record a task that failed, unless it succeeded and only its successor wasn't published.

    Celery then records the finished task as failed; the sweep continues from the row.
    """
    if isinstance(exception, OperationalError):
        log.warning("after %s, the chain waits for the sweep: %s", sender.name, exception)
        return
    try:
        record_task_error(
            app.ports,
            sender.name,
            _execution_id(args),
            _describe(exception),
            traceback_of(exception),
        )
    except Exception:  # Celery would log it as an error of a signal's receiver
        log.exception(LOST)


def _execution_id(args: Any) -> str | None:
    """The first argument, if it can be an id: anyone may have sent the message."""
    first = args[0] if isinstance(args, list | tuple) and args else None
    if isinstance(first, str) and len(first) <= LONGEST_ID and first.isascii():
        return first
    return None


def _describe(error: Exception) -> str:
    """The error without lone surrogates, which stores refuse."""
    described = f"{type(error).__name__}: {error}"
    return described.encode("utf-8", "backslashreplace").decode()
