"""What a process logs about a dependency that is down: a line, one a minute, and one at the end.

Adapters report each failure and each success here. Other lines that quote a reported error, such as
those of each step that waits, are left out (`app.logs`).
"""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

from app.logs import FIELDS, REPORTED

SECONDS_BETWEEN_LINES: Final = 60.0
STEADY_SECONDS: Final = 5.0
"""A dependency is available again if no call has failed for so long: a full disk can be read."""

E = TypeVar("E", bound=Exception)

log = logging.getLogger(__name__)


class Dependency:
    """A server or file that this process needs. Thread-safe."""

    def __init__(self, key: str, name: str, elapsed: Callable[[], float] = monotonic) -> None:
        """`key` is the value of the field `dependency`; the message begins with `name`.

        `elapsed` returns seconds of a clock that is never set.
        """
        self._key = key
        self._name = name
        self._elapsed = elapsed
        self._lock = Lock()
        self._down_since: float | None = None
        self._failed_at = 0.0
        self._logged_at: float | None = None
        self._announced = False

    def down(self, error: E) -> E:
        """Note a failed call, and return its error, which nobody else has to log."""
        setattr(error, REPORTED, True)
        with self._lock:
            now = self._failed_at = self._elapsed()
            if self._down_since is None:
                self._down_since = now
            if self._logged_at is None or now - self._logged_at >= SECONDS_BETWEEN_LINES:
                seconds = now - self._down_since
                still = f"still unavailable, for {seconds:.0f} s" if seconds else "unavailable"
                self._log(f"{self._name} is {still}: {error}", now)
                self._announced = True
        return error

    def up(self) -> None:
        """Note a call that worked. Costs next to nothing unless the dependency was down."""
        if self._down_since is None:
            return
        with self._lock:
            if self._elapsed() - self._failed_at >= STEADY_SECONDS:
                self._end()

    def connected(self) -> bool:
        """Note a new connection. Returns whether that ended an outage."""
        with self._lock:
            return self._end()

    def _end(self) -> bool:
        if self._down_since is None:
            return False
        now = self._elapsed()
        if self._announced:
            seconds, unused = now - self._down_since, now - self._failed_at
            message = f"{self._name} is available again, after {seconds:.0f} s"
            if unused >= SECONDS_BETWEEN_LINES:
                message += f" (not used for the last {unused:.0f} s)"
            self._log(message, now)
        self._down_since, self._announced = None, False
        return True

    def _log(self, message: str, now: float) -> None:
        """At one level, so that whoever sees a failure also sees its end."""
        self._logged_at = now
        log.warning("%s", message, extra={FIELDS: {"dependency": self._key}})


REDIS: Final = Dependency("redis", "Redis")
"""Also Celery's broker."""
MONGODB: Final = Dependency("mongodb", "MongoDB")
KAFKA: Final = Dependency("kafka", "Kafka")
CLUSTER: Final = Dependency("kubernetes", "The Kubernetes API server")
SANDBOX: Final = Dependency("sandbox", "The sandbox daemon")
