"""A message as it lies in its queue: the JSON that kombu's Redis transport puts there."""

import base64
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawMessage:
    """What of it must be kept for it to be sent again."""

    body: bytes
    content_type: str
    content_encoding: str
    headers: dict[str, Any]
    properties: dict[str, Any]

    @classmethod
    def parse(cls, item: bytes) -> "RawMessage":
        """ValueError where the item is no message at all."""
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
            raise ValueError(f"no message: {type(error).__name__}") from error

    @property
    def identity(self) -> bytes:
        """Equal for the same task with the same arguments, whatever the id of its message."""
        return f"{self.headers.get('task')!r}".encode("utf-8", "backslashreplace") + self.body


def is_decodable(item: bytes) -> bool:
    """Whether some worker, perhaps a newer one, may be able to read it."""
    try:
        message = RawMessage.parse(item)
        json.loads(message.body)
    except (ValueError, RecursionError):
        return False
    return message.content_type == "application/json"
