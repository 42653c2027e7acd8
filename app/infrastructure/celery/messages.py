"""The messages of steps, written as `celery.chain(...).apply_async()` writes them.

Celery would take four times as long: it looks up routes and options, and represents arguments.
https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from celery import Celery
from celery.utils import uuid
from celery.utils.functional import noop

from app.domain.execution import Time
from app.infrastructure.clock import now
from app.infrastructure.raw_message import RawMessage

REQUEST_ID: Final = "request_id"
"""The message header with the API request that started the chain, for logs only."""
PUBLISHED_AT: Final = "published_at"
"""The message header with the time when it was published, in microseconds since the epoch."""


def stamp(headers: dict[str, Any], **_: object) -> None:
    """Note the time in a message that Celery publishes: a receiver of `before_task_publish`."""
    headers[PUBLISHED_AT] = now()


def published_at(headers: Any) -> Time | None:
    """Of a message's headers, or of a task's request, which has them too.

    None for a message of an older release, or of anybody else.
    """
    time = headers.get(PUBLISHED_AT)
    return time if isinstance(time, int) else None


@dataclass(frozen=True, slots=True)
class LocalMessage:
    """What Celery reads of a message, without a broker that waits for its acknowledgement."""

    headers: dict[str, Any]
    properties: dict[str, Any]
    body: tuple[Any, ...]
    delivery_info: dict[str, Any]
    content_type: None = field(default=None, init=False)
    """The body needs no decoding."""
    content_encoding: None = field(default=None, init=False)

    @classmethod
    def of(cls, queue: str, item: str | bytes) -> Self:
        """Read an item of a queue. Raises ValueError if it is no message."""
        raw = RawMessage.parse(item)
        delivery = {"exchange": "", "routing_key": queue}
        return cls(raw.headers, raw.properties, json.loads(raw.body), delivery)

    @property
    def payload(self) -> tuple[Any, ...]:
        return self.body

    def deliver(self, consumer: Any) -> None:
        """Have Celery do with it what it does with any other. KeyError if it is of no task."""
        strategy = consumer.strategies[self.headers["task"]]
        strategy(self, None, noop, noop, consumer.on_task_message)


Link = dict[str, Any]
"""A later step of a chain, as `celery.signature(...)` is serialised."""


def link(name: str, execution_id: str, headers: Mapping[str, str]) -> Link:
    """Return `celery.signature(name, args=(execution_id,), immutable=True)` as serialised."""
    return {
        "task": name,
        "args": [execution_id],
        "kwargs": {},
        "options": {"headers": headers} if headers else {},
        "subtask_type": None,
        "immutable": True,
    }


def is_link(given: Link, name: str, execution_id: str) -> bool:
    """Whether this is what `link` returns for some headers."""
    options = given.get("options")
    return (
        isinstance(options, dict)
        and options.keys() <= {"headers"}
        and given == link(name, execution_id, options.get("headers", {}))
    )


def step_message(
    app: Celery, name: str, args: Sequence[str], rest: Sequence[Link], request: Any
) -> Any:
    """The message that starts a step, with a new id.

    `rest` has the links after it, the next one last. `request` is that of the step in which this
    happens, if any.
    """
    return app.amqp.create_task_message(
        uuid(),
        name,
        args=args,
        kwargs={},
        chain=list(rest) or None,
        root_id=request and (request.root_id or request.id),
        parent_id=request and request.id,
        # For Flower. Celery would produce the same, but take twenty times as long.
        argsrepr=repr(args),
        kwargsrepr="{}",
        ignore_result=True,
    )
