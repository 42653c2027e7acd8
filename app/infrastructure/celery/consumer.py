"""The worker's consumer (`worker_consumer`): raises what Celery would log and drop.

The error reaches the transport, which keeps the item as it came from the queue.
"""

import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NoReturn

from celery import Task
from kombu.message import Message

from app.infrastructure.celery.messages import LocalMessage
from app.infrastructure.celery.task_events import BatchingConsumer
from app.infrastructure.celery.transport import CONNECTION_ERRORS

OURS: Final = "podline."
"""The prefix of our tasks' names. Celery has tasks of its own, such as `celery.map`."""
ID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
"""A ULID, the id of an execution or replay."""


class NotATask(Exception):
    """The message is not one of our tasks."""


class PoisonConsumer(BatchingConsumer):
    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Message], None]:
        handle = super().create_task_handler(*args, **options)

        def handle_or_refuse(message: Message) -> None:
            try:
                self.check(message)
                handle(message)
            except (NotATask, *CONNECTION_ERRORS):
                raise
            except Exception as error:  # noqa: BLE001  # raised again as NotATask
                _refuse(message, error)

        return handle_or_refuse

    def check(self, message: Message | LocalMessage) -> None:
        """Raise an error for a message whose task would otherwise fail only when it runs."""
        args, kwargs = _check_shape(message.payload)
        name = message.headers.get("task")
        if isinstance(name, str) and name in self.app.tasks:
            _check_arguments(self.app.tasks[name], args, kwargs)

    def on_decode_error(self, message: Message, exc: Exception) -> NoReturn:
        _refuse(message, exc)

    def on_unknown_message(self, body: object, message: Message) -> NoReturn:  # noqa: ARG002  # Celery's signature
        _refuse(message, LookupError("the message does not name a task"))

    def on_unknown_task(self, body: object, message: Message, exc: Exception) -> NoReturn:  # noqa: ARG002  # Celery's signature
        _refuse(message, exc)

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> NoReturn:  # noqa: ARG002  # Celery's signature
        _refuse(message, exc)


def _check_shape(body: object) -> tuple[list[object], dict[str, object]]:
    """Return the arguments, by message protocol 2.

    A body of another shape would fail without a signal.
    """
    match body:
        case [list(args), dict(kwargs), dict(embed)] if _is_chain(embed.get("chain")):
            return args, kwargs
        case _:
            raise TypeError("the body is not [args, kwargs, embed]")


def _is_chain(links: object) -> bool:
    """Whether this is the rest of a chain. Each link is checked when it arrives."""
    if links is None:
        return True
    return isinstance(links, list) and all(isinstance(link, dict) for link in links)


def _check_arguments(task: Task[Any, Any], args: list[object], kwargs: dict[str, object]) -> None:
    """Check that the only argument, if any, is an id.

    The errors don't quote an argument, because it may be of any size.
    """
    if not task.name.startswith(OURS):
        raise LookupError(f"{task.name} is not a task of Podline")
    if kwargs or len(args) != _arity(task):
        raise TypeError(f"wrong number of arguments for {task.name}")
    if not all(isinstance(arg, str) and ID.fullmatch(arg) for arg in args):
        raise TypeError(f"the argument of {task.name} is not an id")


@cache
def _arity(task: Task[Any, Any]) -> int:
    return len(inspect.signature(task.run).parameters)


def _refuse(message: Message, error: Exception) -> NoReturn:
    # Otherwise it would count as in progress, and the worker would forever take one message less.
    if not message.acknowledged:
        message.reject()
    raise NotATask(f"{type(error).__name__}: {error}") from error
