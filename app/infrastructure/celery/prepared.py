"""Messages that start a chain, prepared in advance: each new one only fills in its ids.

They are as kombu writes them for Redis. Each submission pays for a message, and this way, it costs
a fifth.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final, Self

from celery import Celery
from celery.utils import uuid

from app.infrastructure.celery.messages import PUBLISHED_AT, REQUEST_ID, link, step_message
from app.infrastructure.clock import now
from app.infrastructure.raw_message import RawMessage

_EXECUTION: Final = "<execution>"
_REQUEST: Final = "<request>"
_TASK: Final = "<task>"
_ROOT: Final = "<root>"
_PARENT: Final = "<parent>"
_DELIVERY: Final = "<delivery>"
_BODY: Final = "<body>"
_PUBLISHED: Final = "<published>"


@dataclass(frozen=True, slots=True)
class Ids:
    """What messages of the same chain differ in."""

    execution: str
    request: str | None
    """That of the API."""
    root: str | None
    parent: str | None
    """Ids of the tasks in which it was begun, if it was in one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as JSON, with a placeholder for each id and for the time."""

    queue: str
    _item: str
    _body: str
    """In the item, it is encoded as a whole."""

    @classmethod
    def of(
        cls,
        app: Celery,
        chain: tuple[str, ...],
        queue: str,
        *,
        with_request: bool,
        in_task: bool,
    ) -> Self:
        """A chain of these steps, the first of them in that queue."""
        first, *rest = chain
        headers = {REQUEST_ID: _REQUEST} if with_request else {}
        message = step_message(
            app,
            first,
            (_EXECUTION,),
            [link(name, _EXECUTION, headers) for name in reversed(rest)],
            SimpleNamespace(root_id=_ROOT, id=_PARENT) if in_task else None,
        )
        item = RawMessage(
            b"",
            "application/json",
            "utf-8",
            message.headers | headers | {PUBLISHED_AT: _PUBLISHED},
            message.properties
            | {
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "delivery_tag": _DELIVERY,
            },
        )
        written = item.written(body=_BODY).replace(message.headers["id"], _TASK)
        return cls(queue, written, json.dumps(message.body))

    def filled(self, ids: Ids) -> str:
        """Return the item for the queue, with a new id of its own."""
        execution = _inside(ids.execution)
        request = _inside(ids.request or "")
        body = self._body.replace(_EXECUTION, execution).replace(_REQUEST, request)
        return (
            self._item.replace(f'"{_PUBLISHED}"', str(now()))
            .replace(_EXECUTION, execution)
            .replace(_TASK, uuid())
            .replace(_DELIVERY, uuid())
            .replace(_ROOT, _inside(ids.root or ""))
            .replace(_PARENT, _inside(ids.parent or ""))
            .replace(_BODY, b64encode(body.encode()).decode())
            .replace(_REQUEST, request)
        )


def _inside(text: str) -> str:
    """The text as it stands in a string of JSON."""
    return json.dumps(text)[1:-1]
