"""An nsjail process that makes one jail after another."""

import contextlib
import os
import select
import signal
import socket
import subprocess
from typing import Final

from sandbox.init.protocol import INIT
from sandbox.jail import nsjail, view
from sandbox.jail.jail import Jail, ends_within
from sandbox.jail.kit import JailKit

_SECONDS_TO_EXIT: Final = 15.0


class Launcher:
    """Makes the next jail once the one before is gone, and ends when the daemon ends.

    It saves each jail the start of an nsjail and of its libraries: 6 of 10 ms of CPU time. Create
    it in a thread that outlives it.
    """

    def __init__(self, kit: JailKit, *, bay: int, disk_mib: int, log: int) -> None:
        """Start nsjail. `log` is the descriptor for nsjail's own messages. Raises OSError."""
        self.mounts = kit.mounts
        self._uses = kit.uses
        self.disk_mib = disk_mib
        self._supply, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with inner, view.file_of(kit, bay=bay, disk_mib=disk_mib) as seen:
            inherited = [seen.fileno(), inner.fileno()]
            command = nsjail.command(kit, bay=bay, view=inherited[0], supply=inherited[1])
            self._process = subprocess.Popen(
                [INIT, str(os.getpid()), *command],
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={},
                umask=0o022,  # its mount points are read by the uids of jails
            )

    def open_jail(self) -> Jail:
        """Request the next jail, and return before it is set up. Raises OSError."""
        control, inner = socket.socketpair()
        jail = Jail(control, disk_mib=self.disk_mib)
        with inner, contextlib.suppress(BrokenPipeError):  # nsjail is gone, and so is the jail
            socket.send_fds(self._supply, [b"j"], [inner.fileno()])
        return jail

    def is_gone(self) -> bool:
        """Whether nsjail has ended because a jail could not be set up."""
        poll = select.poll()
        poll.register(self._supply, 0)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Return once nothing of nsjail or its jail runs any more.

        Without a supply, an init that waits for one exits. nsjail handles signals only before it
        waits for the end of a jail.
        """
        self._process.send_signal(signal.SIGTERM)
        self._supply.close()
        if self._process.poll() is None:
            self._wait_for_exit()
        self._uses = ()

    def _wait_for_exit(self) -> None:
        pidfd = os.pidfd_open(self._process.pid)
        if not ends_within(pidfd, _SECONDS_TO_EXIT):
            self._process.kill()
        os.close(pidfd)
        self._process.wait()
