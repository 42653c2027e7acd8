"""Delivers every message of a real service twice. The sitecustomize beside it imports it."""

import copy
import uuid
from typing import Any

from kombu.transport import redis

_put = redis.Channel._put


def _put_twice(self: Any, queue: str, message: Any, **options: Any) -> None:
    again = copy.deepcopy(message)
    again["properties"]["delivery_tag"] = str(uuid.uuid4())
    _put(self, queue, message, **options)
    _put(self, queue, again, **options)


setattr(redis.Channel, "_put", _put_twice)  # noqa: B010  # a method can not be assigned
