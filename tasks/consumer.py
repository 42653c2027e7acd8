"""The worker's consumer (`worker_consumer`): raises what Celery would log and drop.

What it raises reaches the transport, which keeps the item as it came from the queue.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from kombu.message import Message

from tasks.task_events import BatchingConsumer
from tasks.transport import CONNECTION_ERRORS


class NotATask(Exception):
    """No task of ours can be made of the message."""


class PoisonConsumer(BatchingConsumer):
    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Message], None]:
        handle = super().create_task_handler(*args, **options)

        def handle_or_refuse(message: Message) -> None:
            try:
                _check_shape(message.payload)
                handle(message)
            except (NotATask, *CONNECTION_ERRORS):
                raise
            except Exception as error:  # noqa: BLE001  # raised again, as what it is about
                _refuse(message, error)

        return handle_or_refuse

    def on_decode_error(self, message: Message, exc: Exception) -> NoReturn:
        _refuse(message, exc)

    def on_unknown_message(self, body: object, message: Message) -> NoReturn:  # noqa: ARG002
        _refuse(message, LookupError("the message names no task"))

    def on_unknown_task(self, body: object, message: Message, exc: Exception) -> NoReturn:  # noqa: ARG002
        _refuse(message, exc)

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> NoReturn:  # noqa: ARG002
        _refuse(message, exc)


def _check_shape(body: object) -> None:
    """Message protocol 2. A body of another shape would fail where no signal tells of it."""
    match body:
        case [list(), dict(), dict()]:
            pass
        case _:
            raise TypeError("the body is not [args, kwargs, embed]")


def _refuse(message: Message, error: Exception) -> NoReturn:
    # Else it would count as one that is worked on, and the worker would take one less for ever.
    if not message.acknowledged:
        message.reject()
    raise NotATask(f"{type(error).__name__}: {error}") from error
