"""One jail: init as pid 1 of its own namespaces. It serves one pod and is then discarded."""

import contextlib
import os
import select
import socket
import threading
from typing import Final

from sandbox.init import control

_SECONDS_TO_GET_READY: Final = 15.0
_SECONDS_TO_END: Final = 15.0


class Jail:
    """A jail, controlled over a socket to its init."""

    def __init__(self, control: socket.socket, *, disk_mib: int) -> None:
        """Take ownership of `control`, the daemon's end of the socket that init gets.

        The socket becomes readable when init has sent something, or is gone.
        """
        self.disk_mib = disk_mib
        self.init_pid = 0
        """Known once the jail is ready."""
        self.control = control
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._init: int | None = None
        self._lock = threading.Lock()

    def wait_until_ready(self) -> bool:
        """Return whether the jail was set up and init is still there."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        said = poll.poll(_SECONDS_TO_GET_READY * 1_000)
        pid = control.receive_ready(self.control) if said else None
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            self._init = os.pidfd_open(pid)
        self.init_pid = pid
        return not self.is_gone()  # so it is of init, and of nobody that got its pid later

    def is_gone(self) -> bool:
        """Whether init has ended, or never started."""
        poll = select.poll()
        poll.register(self.control, 0)
        return bool(poll.poll(0))

    def hang_up(self) -> None:
        """Kill everything in the jail. Safe to call from any thread."""
        with self._lock, contextlib.suppress(OSError):  # closed already, or init is gone
            self.control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Return once nothing of the jail runs any more, if it was ready.

        Init exits when this end hangs up. The kernel reaps it only after all other processes of its
        pid namespace.
        """
        self.hang_up()
        with self._lock:
            self.control.close()
        if self._init is not None:
            ends_within(self._init, _SECONDS_TO_END)
            os.close(self._init)
            self._init = None


def ends_within(pidfd: int, seconds: float) -> bool:
    """Whether the process ends in time. `Popen.wait` would notice late: it polls."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1_000))
