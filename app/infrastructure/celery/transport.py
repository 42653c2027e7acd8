"""kombu's Redis transport, but for what it does with an item that nobody can work on.

There the worker would exit and the item would be lost (kombu 5.7). Here it becomes a dead letter.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
import redis.exceptions
from kombu.exceptions import OperationalError
from kombu.transport import redis as redis_transport
from kombu.transport.virtual import Empty
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

from app.infrastructure.celery.heartbeat import beat_on
from app.infrastructure.celery.poison import keep_poison

CONNECTION_ERRORS: Final = (OSError, redis.exceptions.RedisError, OperationalError)
"""The worker connects anew after these. kombu's own list has KeyError and others in it."""


class Channel(redis_transport.Channel):
    # What the stubs lack.
    connection_errors: tuple[type[Exception], ...]
    pool: redis.ConnectionPool
    _queue_cycle: Any
    _flush_brpop_reauth: Callable[[], None]
    _create_client: Callable[[], redis.Redis]
    _publisher: redis.Redis | None = None

    @contextmanager
    def conn_or_acquire(self, client: redis.Redis | None = None) -> Iterator[redis.Redis]:
        """kombu makes a client for each message, which is a sixth of what publishing costs.

        A channel that was reset has another pool.
        """
        if client is None:
            client = self._publisher
            if client is None or client.connection_pool is not self.pool:
                client = self._publisher = self._create_client()
        yield client

    def _brpop_read(self, **options: Any) -> bool:
        """kombu's own, in two parts: only what the second one raises is about the item."""
        try:
            queue, item = self._read_item(**options)
            self._queue_cycle.rotate(queue)
            try:
                self.connection._deliver(loads(bytes_to_str(item)), queue)
            except CONNECTION_ERRORS:
                raise
            except Exception as error:  # noqa: BLE001  # whatever lies in a queue, work goes on
                keep_poison(queue, item, error)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _read_item(self, **options: Any) -> tuple[str, bytes]:
        connection = self.client.connection
        try:
            reply = self.client.parse_response(connection, "BRPOP", **options)
        except self.connection_errors:
            connection.disconnect()
            raise
        if not reply:
            raise Empty
        key, item = reply
        return bytes_to_str(key).rsplit(self.sep, 1)[0], item


class Transport(redis_transport.Transport):
    Channel = Channel

    def establish_connection(self) -> Any:
        """Who goes on trying (every 30 s at the least) while Redis is away does not hang."""
        beat_on()
        return super().establish_connection()
