"""A message as kombu's Redis transport lays it in a queue: JSON with a body in base64."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from app.queues import QUEUES


@dataclass(frozen=True, slots=True)
class RawMessage:
    """The parts that are needed to send it again."""

    body: bytes
    content_type: str
    content_encoding: str
    headers: dict[str, Any]
    properties: dict[str, Any]

    @classmethod
    def parse(cls, item: bytes) -> "RawMessage":
        """Raises ValueError if the item is not a message."""
        try:
            raw = json.loads(item)
            if raw["properties"]["body_encoding"] != "base64":
                raise ValueError("body_encoding is not base64")
            return cls(
                base64.b64decode(raw["body"], validate=True),
                str(raw["content-type"]),
                str(raw["content-encoding"]),
                dict(raw["headers"]),
                dict(raw["properties"]),
            )
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise ValueError(f"not a message: {type(error).__name__}") from error


def identity(item: bytes) -> bytes:
    """Equal for the same task with the same arguments, whatever the id of its message."""
    try:
        message = RawMessage.parse(item)
    except ValueError:
        return item
    task = f"{message.headers.get('task')!r}"
    return task.encode("utf-8", "backslashreplace") + message.body


def can_be_read(queue: str, item: bytes) -> bool:
    """Whether a worker on that queue, perhaps a newer one, may be able to decode the message."""
    try:
        message = RawMessage.parse(item)
        json.loads(message.body)
    except (ValueError, RecursionError):
        return False
    return queue in QUEUES and message.content_type == "application/json"
