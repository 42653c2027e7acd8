"""kombu's Redis transport, with other handling of items that aren't valid messages.

kombu 5.7 would lose such an item and end the worker. Here it becomes a dead letter.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import redis
import redis.exceptions
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as redis_transport
from kombu.transport.virtual import Empty
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads
from kombu.utils.url import parse_url

CONNECTION_ERRORS: Final = (OSError, redis.exceptions.RedisError, OperationalError)
"""The worker reconnects after these. kombu's own list also has KeyError and others."""

KeepPoison = Callable[[str, bytes, Exception], None]
"""Takes the queue, the item and what is wrong with it."""


@dataclass
class _Hooks:
    """The hooks of workers and beat. kombu creates the transport, so it can't take arguments."""

    keep_poison: KeepPoison | None = None
    before_attempt: Callable[[], None] | None = None


_hooks = _Hooks()


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
        """Reuse one client. kombu creates one per message, a sixth of the cost of publishing.

        A channel that was reset has a new pool and needs a new client.
        """
        if client is None:
            client = self._publisher
            if client is None or client.connection_pool is not self.pool:
                client = self._publisher = self._create_client()
        yield client

    def _brpop_read(self, **options: Any) -> bool:
        """Like kombu's, in two parts: only what the second part raises is about the item."""
        try:
            queue, item = self._read_item(**options)
            self._queue_cycle.rotate(queue)
            try:
                self.connection._deliver(loads(bytes_to_str(item)), queue)
            except CONNECTION_ERRORS:
                raise
            except Exception as error:  # whatever an item that is no message raises
                if _hooks.keep_poison is None:
                    raise
                _hooks.keep_poison(queue, item, error)
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
        if _hooks.before_attempt is not None:
            _hooks.before_attempt()
        return super().establish_connection()


def tls(broker_url: str) -> dict[str, Any] | None:
    """The value of `broker_use_ssl`: for `rediss://`, the `ssl_…` of the URL. None without TLS.

    The server's certificate is verified unless the URL says otherwise. kombu would not do so by
    default, and whoever pretends to be Redis can have tasks run.
    """
    if not broker_url.startswith("rediss://"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, **parse_url(broker_url).get("ssl", {})}


def install(
    keep_poison: KeepPoison | None = None, before_attempt: Callable[[], None] | None = None
) -> None:
    """Make kombu use this transport for Redis in this process.

    Under kombu's own names, because the name decides how it reads a URL. Without `keep_poison`,
    the error is raised, as kombu does. `before_attempt` is called for each attempt to connect.
    """
    name = f"{__name__}:{Transport.__name__}"
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), name))
    _hooks.keep_poison, _hooks.before_attempt = keep_poison, before_attempt
