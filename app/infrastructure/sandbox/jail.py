"""One jail: an nsjail process with our init as its pid 1, used for one pod and thrown away.

SANDBOX facts behind the steps below: an outer uid of its own for the program where the daemon is
root, a network namespace without even a loopback, read-only system folders, one tmpfs for all
that may be written, and a seccomp policy for what namespaces leave open.
"""

import contextlib
import os
import select
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.infrastructure.init.protocol import INIT
from app.infrastructure.sandbox import init
from app.infrastructure.sandbox.kit import JailKit

_POLICIES: Final = Path(__file__).with_name("policy.kafel").read_text()
_ENOSYS: Final = 38
INNER_ID: Final = 99999
FIRST_OUTER_ID: Final = 65000
"""65000 to 65533 are reserved: no account has them (Debian Policy 9.2.2)."""
_PAGE_KIB: Final = 4
_SECONDS_TO_GET_READY: Final = 15.0
_SECONDS_TO_EXIT: Final = 15.0


class Jail:
    """A running jail. `control` is readable when init says something, or is gone."""

    def __init__(
        self, kit: JailKit, *, slot: int, disk_mib: int, in_cgroup: bool, log: int
    ) -> None:
        """`log` is a descriptor that takes nsjail's own messages. Raises OSError."""
        self.disk_mib = disk_mib
        self.init_pid = 0
        """Known once it is ready."""
        self.control, inner = socket.socketpair()
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._lock = threading.Lock()
        with inner:
            self._process = subprocess.Popen(
                command(
                    kit,
                    slot=slot,
                    disk_mib=disk_mib,
                    in_cgroup=in_cgroup,
                    control=inner.fileno(),
                ),
                pass_fds=[inner.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={},
            )

    def wait_until_ready(self) -> bool:
        """False if it could not be set up."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        said = poll.poll(_SECONDS_TO_GET_READY * 1_000)
        pid = init.receive_ready(self.control) if said else None
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        self.init_pid = pid or 0
        return pid is not None

    def is_gone(self) -> bool:
        """Init has ended, or never came up."""
        poll = select.poll()
        poll.register(self.control, 0)
        return bool(poll.poll(0))

    def hang_up(self) -> None:
        """Kill all that runs in it, from any thread."""
        with self._lock, contextlib.suppress(OSError):  # closed already, or init is gone
            self.control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Return once nothing of it runs any more.

        Init exits when we hang up, the kernel lets it go only after all other processes of its
        pid namespace, and nsjail waits for that.
        """
        self.hang_up()
        with self._lock:
            self.control.close()
        if not self._exits_within(_SECONDS_TO_EXIT):
            self._process.kill()
        self._process.wait()

    def _exits_within(self, seconds: float) -> bool:
        """At once when it does: `Popen.wait` with a time-out looks at growing intervals only."""
        pidfd = os.pidfd_open(self._process.pid)
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            return bool(poll.poll(seconds * 1_000))
        finally:
            os.close(pidfd)


def command(kit: JailKit, *, slot: int, disk_mib: int, in_cgroup: bool, control: int) -> list[str]:
    """The nsjail command line. Nothing that a user wrote is ever part of it."""
    return [
        str(kit.nsjail),
        *_mode(),
        *_identity(slot),
        *_no_network(),
        *_system_folders(kit),
        *_devices(),
        *_writable_folders(disk_mib),
        *_processes(),
        *_system_calls(in_cgroup),
        *_init(control),
    ]


def _mode() -> list[str]:
    """Once, quietly, with no time limit: init and the daemon keep the time, in microseconds.

    Resource limits are set by init for each stage.
    """
    return ["-Mo", "-q", "-t", "0", "--nice_level", "0", "--disable_rlimits", "--hostname", "box"]


def _identity(slot: int) -> list[str]:
    """As root, an unused uid: by default nsjail would map the program to root of the host."""
    mapping = str(INNER_ID)
    if os.geteuid() == 0:
        mapping = f"{INNER_ID}:{FIRST_OUTER_ID + slot}:1"
    return ["--user", mapping, "--group", mapping]


def _no_network() -> list[str]:
    return ["--iface_no_lo"]


def _system_folders(kit: JailKit) -> list[str]:
    links = [folder for folder in ("bin", "lib", "lib64") if Path("/usr", folder).exists()]
    return [
        *_read_only("/usr"),
        *_read_only(f"{kit.etc}:/etc"),
        *(flag for path in kit.mounts for flag in _read_only(path)),
        *(flag for folder in links for flag in ("-s", f"usr/{folder}:/{folder}")),
    ]


def _devices() -> list[str]:
    return [
        *_read_only("/dev/null"),
        *_read_only("/dev/zero"),
        *_read_only("/dev/urandom"),
        *("-s", "urandom:/dev/random"),
        *("-s", "/proc/self/fd:/dev/fd"),
        *("-s", "/proc/self/fd/0:/dev/stdin"),
        *("-s", "/proc/self/fd/1:/dev/stdout"),
        *("-s", "/proc/self/fd/2:/dev/stderr"),
    ]


def _writable_folders(disk_mib: int) -> list[str]:
    """One file system, so that one size holds for all: tmpfs bounds inodes only if told to."""
    inodes = disk_mib * 1024 // _PAGE_KIB
    return [
        *("-m", f"none:/box:tmpfs:mode=0777,size={disk_mib}m,nr_inodes={inodes}"),
        *("-s", "box/tmp:/tmp"),
        *("-s", "../box/shm:/dev/shm"),
    ]


def _processes() -> list[str]:
    return ["--disable_proc", "-m", "none:/proc:proc:ro,hidepid=2"]


def _system_calls(in_cgroup: bool) -> list[str]:
    policy = "box" if in_cgroup else "box_without_cgroup"
    return ["--seccomp_string", f"{_POLICIES}USE {policy} DEFAULT ERRNO({_ENOSYS})"]


def _init(control: int) -> list[str]:
    """By descriptor: the jail's uid need not reach the file, and no path in the jail names it."""
    return [
        *("--pass_fd", str(control), "--cwd", "/"),
        *("--execute_fd", "--exec_file", str(INIT), "--", "init", str(control)),
    ]


def _read_only(path: str) -> Sequence[str]:
    return ("--bindmount_ro", path)
