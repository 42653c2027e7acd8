"""Chooses ports, so that no two `podline up` choose the same one."""

import errno
import random
import socket
import time
from contextlib import ExitStack
from typing import Final

_PAUSE_SECONDS: Final = 0.05
_ANY: Final = range(20_000, 30_000)
"""Below the ports that Linux assigns to outgoing connections (net.ipv4.ip_local_port_range), so
that the chosen port stays free until its server has started.
"""


class Ports:
    """Keeps the ports of one host that it chose, until it is closed or the process ends.

    A server binds its port only seconds later. Until then, an abstract Unix socket that is named
    after the port keeps others from choosing it. Such a name belongs to one process in the same
    network namespace, as the port does, and no file is left when that process ends (unix(7)).
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._claims = ExitStack()

    def free(self, wanted: int, within: float = 0) -> int | None:
        """Return the wanted port, or any for 0, or None if it is in use after `within` seconds.

        Raises OSError if the address isn't local or the port needs privileges.
        """
        if not wanted:
            shuffled = random.sample(_ANY, len(_ANY))
            return next((port for port in shuffled if self._take(port)), None)
        deadline = time.monotonic() + within
        while not (taken := self._take(wanted)) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        return wanted if taken else None

    def _take(self, port: int) -> bool:
        with ExitStack() as claimed:
            claim = claimed.enter_context(socket.socket(socket.AF_UNIX))
            if not _bind(claim, f"\0podline-port-{self._host}:{port}"):
                return False
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if not _bind(probe, (self._host, port)):
                    return False
            self._claims.push(claimed.pop_all())
        return True

    def close(self) -> None:
        self._claims.close()


def _bind(free: socket.socket, address: str | tuple[str, int]) -> bool:
    try:
        free.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
