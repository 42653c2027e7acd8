"""Kernel memory that a jail's sockets hold: bytes that were sent and not yet received.

It belongs to no process, so without a control group it is summed up here. Unix sockets are not
listed with their queues, so theirs is not counted.
"""

import os
import time
from collections.abc import Iterator
from typing import Final

_IN_USE: Final = "1/net/sockstat"
_IN_USE_6: Final = "1/net/sockstat6"
_TABLES: Final = tuple(f"1/net/{name}" for name in ("tcp", "tcp6", "udp", "udp6"))
"""Read through init, which is in the jail's network namespace (proc_pid_net(5))."""
_STATE: Final = 3
_QUEUES: Final = 4
_LISTENS: Final = "0A"
_SHARE_OF_TIME: Final = 2
"""Tables are read so rarely that this takes at most this share of a core."""
_READ_BYTES: Final = 1 << 16


class Queues:
    """The socket queues of one jail, whose /proc is open as `proc`."""

    def __init__(self, proc: int) -> None:
        self._proc = proc
        self._kib = 0
        self._next_look = 0.0

    def kib(self) -> int:
        """The sum at the last look, which is now unless the tables are long."""
        begun = time.monotonic()
        if begun >= self._next_look:
            self._kib = self._queued_bytes() // 1024 if self._any_in_use() else 0
            ended = time.monotonic()
            self._next_look = ended + (ended - begun) * (_SHARE_OF_TIME - 1)
        return self._kib

    def _any_in_use(self) -> bool:
        """Whether any socket of these kinds is open.

        This is much cheaper than the tables: the kernel searches all namespaces' sockets for them.
        """
        for path in (_IN_USE, _IN_USE_6):
            for line in self._lines(path):
                protocol, _, rest = line.partition(" inuse ")
                if protocol in ("TCP:", "UDP:", "TCP6:", "UDP6:") and int(rest.split()[0]):
                    return True
        return False

    def _queued_bytes(self) -> int:
        return sum(_queued(line.split()) for path in _TABLES for line in self._lines(path))

    def _lines(self, path: str) -> Iterator[str]:
        """The rows of a file. No rows if it does not exist: without IPv6, or once init is gone."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return
        with open(file, buffering=_READ_BYTES) as text:
            yield from text


def _queued(columns: list[str]) -> int:
    """Bytes in both queues of a row of /proc/net/tcp (proc_pid_net(5)).

    For a listener, the column counts callers instead.
    """
    if len(columns) <= _QUEUES or columns[_STATE] == _LISTENS or ":" not in columns[_QUEUES]:
        return 0
    sending, _, receiving = columns[_QUEUES].partition(":")
    return int(sending, 16) + int(receiving, 16)
