"""A message as kombu's Redis transport stores it in a queue: JSON with a base64 body."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from app.queues import QUEUES


@dataclass(frozen=True, slots=True)
class RawMessage:
    """The parts that are needed to send a message again."""

    body: bytes
    content_type: str
    content_encoding: str
    headers: dict[str, Any]
    properties: dict[str, Any]

    @classmethod
    def parse(cls, item: str | bytes) -> "RawMessage":
        """Parse an item of a queue. Raises ValueError if it is not a message."""
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

    def written(self, body: str) -> str:
        """Return the item of a queue, with the body as base64."""
        return json.dumps(
            {
                "body": body,
                "content-encoding": self.content_encoding,
                "content-type": self.content_type,
                "headers": self.headers,
                "properties": {**self.properties, "body_encoding": "base64"},
            }
        )


def identity(item: bytes) -> bytes:
    """Return bytes that are equal for the same task and arguments, whatever the message's id."""
    try:
        message = RawMessage.parse(item)
    except ValueError:
        return item
    task = f"{message.headers.get('task')!r}"
    return task.encode("utf-8", "backslashreplace") + message.body


def can_be_read(queue: str, item: bytes) -> bool:
    """Whether a worker on that queue, perhaps of a newer release, may be able to decode it."""
    try:
        message = RawMessage.parse(item)
        json.loads(message.body)
    except (ValueError, RecursionError):
        return False
    return queue in QUEUES and message.content_type == "application/json"
