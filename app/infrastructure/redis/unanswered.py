"""Commands whose replies nobody needs. Nothing waits for them: a step would wait five times."""

from threading import Lock
from typing import Any

import redis
from redis.exceptions import ConnectionError

Command = tuple[str | int, ...]


class Unanswered:
    """Sends commands on a connection of its own, on which Redis replies to nothing.

    Safe for many threads. It connects on first use, and again after an error.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._pool: Any = client.connection_pool
        self._lock = Lock()
        self._connection: Any = None

    def send(self, *commands: Command) -> None:
        """Send the commands. Raises `redis.RedisError` if the server can't be reached.

        If the server ends afterwards, they may be lost.
        """
        with self._lock:
            connection = self._connected()
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._pool.make_connection()
        elif not _has_ended(self._connection):
            return self._connection
        self._connection.disconnect()
        self._connection.connect()
        self._connection.send_command("CLIENT", "REPLY", "OFF")
        return self._connection


def _has_ended(connection: Any) -> bool:
    """Whether the server has closed the connection, or an error of ours has."""
    try:
        return not connection.is_connected or bool(connection.can_read())
    except ConnectionError:
        return True
