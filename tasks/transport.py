"""kombu's Redis transport, but for what it does with an item that is no message at all.

There the worker would exit and the item would be lost (kombu 5.7). Here it becomes a dead letter.
"""

import json
from typing import Any

from kombu.transport import redis
from kombu.transport.virtual import Empty


class Channel(redis.Channel):
    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # the stubs lack it
        except json.JSONDecodeError as error:
            _keep("unknown", error.doc, error)
            raise Empty from error


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: Any, queue: str | None) -> None:
        if _is_message(message):
            super()._deliver(message, queue)
        else:
            _keep(queue or "unknown", json.dumps(message), ValueError("JSON, but no message"))


def _is_message(message: Any) -> bool:
    """What `kombu.transport.virtual.Message` reads without looking whether it is there."""
    return (
        isinstance(message, dict)
        and isinstance(message.get("body"), str)
        and isinstance(message.get("headers"), dict)
        and isinstance(message.get("properties"), dict)
        and isinstance(message["properties"].get("delivery_tag"), str)
        and isinstance(message["properties"].get("delivery_info"), dict)
    )


def _keep(queue: str, item: str, error: Exception) -> None:
    # This module is named by the configuration that tasks.process needs: a cycle, at import.
    from tasks.poison import keep_poison_item

    keep_poison_item(queue, item.encode(), error)
