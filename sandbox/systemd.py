"""Tells systemd how a service of `Type=notify` is.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html has the protocol: datagrams
to the socket that NOTIFY_SOCKET names.
"""

import logging
import os
import re
import socket
from collections.abc import Callable, MutableMapping
from time import monotonic
from typing import Final, Self

_OFTEN: Final = 4
"""Times in each period of the watchdog: systemd recommends at least two."""
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PERIOD: Final = 86_400.0
_RETRY_SECONDS: Final = 1.0
_MICROSECONDS: Final = 1_000_000

_NUMBER: Final = re.compile("[0-9]{1,20}")
"""As many digits as 64 bits have: systemd's `infinity` is the largest of these."""

log = logging.getLogger(__name__)


class Systemd:
    """The systemd that started this process. Without one, its methods do nothing."""

    def __init__(
        self,
        address: str | None = None,
        watchdog_seconds: float | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """An address with `@` at its start is abstract (unix(7)).

        Without `watchdog_seconds`, or with more than a day, the unit has no WatchdogSec=.
        """
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)
        self._pause: float | None = None
        if address and watchdog_seconds and watchdog_seconds <= _LONGEST_PERIOD:
            self._pause = max(watchdog_seconds / _OFTEN, _SHORTEST_PAUSE)
        self._next = 0.0
        self._unsent = False
        self._reported = False
        self._now = now

    @classmethod
    def take(cls, variables: MutableMapping[str, str]) -> Self:
        """Take what systemd has set out of the environment: children don't speak for the service.

        https://www.freedesktop.org/software/systemd/man/latest/sd_watchdog_enabled.html
        """
        address = variables.pop("NOTIFY_SOCKET", None)
        microseconds = variables.pop("WATCHDOG_USEC", "0")
        pid = variables.pop("WATCHDOG_PID", str(os.getpid()))
        is_ours = pid == str(os.getpid()) and bool(_NUMBER.fullmatch(microseconds))
        return cls(address, int(microseconds) / _MICROSECONDS if is_ours else None)

    @property
    def pause(self) -> float | None:
        """Call `alive` at least once in so many seconds. None: systemd waits for nothing."""
        if self._unsent:
            return min(_RETRY_SECONDS, self._pause or _RETRY_SECONDS)
        return self._pause

    def ready(self) -> None:
        """`systemctl start` returns, and units that come after this one start.

        `alive` sends it again if systemd could not be told: it would end the service otherwise.
        """
        self._unsent = not self._send("READY=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Whoever hangs doesn't call this, and is restarted. Call it as often as is convenient."""
        if self._unsent:
            self.ready()
        if self._pause is not None and self._now() >= self._next:
            self._next = self._now() + self._pause
            self._send("WATCHDOG=1")

    def _send(self, state: str) -> bool:
        """Whether systemd was told, if there is one. One that can't be reached is reported once."""
        if self._address is None:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
                notify.setblocking(False)
                notify.connect(self._address)
                notify.send(state.encode("ascii"))
        except OSError as error:
            if not self._reported:
                log.warning("systemd was not told %s: %s", state, error)
            self._reported = True
            return False
        self._reported = False
        return True
