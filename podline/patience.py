"""How long a call in progress continues while the service is unavailable."""

from typing import Final

from podline.connection import Connection
from podline.errors import PodlineError

_FAILURES: Final = 8
"""Consecutive failures. With pauses and each request's own repeats, enough for a restart."""
_PAUSE: Final = 0.5
"""Seconds before each new request."""


class Patience:
    """Counts consecutive failures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left = _FAILURES

    def restore(self) -> None:
        """Start counting again, after a success."""
        self._left = _FAILURES

    async def use(self, error: PodlineError) -> None:
        """Pause after a failure. Raises the error once there were too many in a row."""
        if self._left == 0:
            raise error
        self._left -= 1
        await self._connection.sleep(_PAUSE)
