"""A daemon's use of the machine's resources, to compare before and after."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.sandbox_daemon import SandboxDaemon


@dataclass(frozen=True, slots=True)
class Footprint:
    descriptors: int
    threads: int
    processes: int
    mounts: int
    cgroups: int
    files: int
    memory_kib: int

    @classmethod
    def of(cls, daemon: SandboxDaemon) -> "Footprint":
        """Measure once no run is in progress and all ready jails wait.

        The descriptor and thread of a connection that its client keeps aren't counted.
        """
        process = psutil.Process(daemon.pid)
        sockets = process.net_connections(kind="unix")
        path = str(daemon.socket)
        kept = [socket for socket in sockets if str(socket.laddr) == path]
        return cls(
            descriptors=process.num_fds() - len(kept),
            threads=process.num_threads() - len(kept),
            processes=len(daemon.processes()),
            mounts=len(_mounts(daemon)),
            cgroups=sum(len(list(group.glob("*/"))) for group in daemon.cgroups()),
            files=len(list((daemon.folder / "data").glob("**/*"))),
            memory_kib=process.memory_info().rss // 1024,
        )


def _mounts(daemon: SandboxDaemon) -> list[str]:
    """What is mounted for the daemon, without the disks of tests that run at the same time."""
    lines = Path(f"/proc/{daemon.pid}/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    own = str(daemon.folder)
    return [point for point in points if "/pytest-of-" not in point or point.startswith(own)]
