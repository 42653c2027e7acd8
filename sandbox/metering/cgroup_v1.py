"""A bay's control groups of version 1.

A thread can be in a group of its own there. So a bay's thread joins its group once, and everything
that it starts is in the group from the first instruction. Joining for each run would cost 8 to 14
ms at times.
"""

import contextlib
import math
import os
import signal
import threading
import time
from pathlib import Path
from typing import Final

from sandbox.metering.control_file import ControlFile
from sandbox.metering.meter import JAIL_BYTES, MIB, Ground

CONTROLLERS: Final = ("memory", "cpuacct")
_NO_LIMIT: Final = -1
_CHOSEN_FIRST: Final = b"1000"
_SECONDS_TO_EMPTY: Final = 5.0
_SECONDS_TO_SETTLE: Final = 1.0
_SECONDS_BETWEEN_LOOKS: Final = 0.002


class CgroupV1:
    """Folders of the same name under the memory and cpuacct controllers."""

    ground = Ground.CGROUP_1
    holds_memory = True
    seconds_between_looks = math.inf

    def __init__(self, memory: Path, cpuacct: Path) -> None:
        """Create the folders, and remove leftover processes from them. Raises OSError."""
        self._folders = (memory, cpuacct)
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            kill_all(folder)
        with contextlib.suppress(OSError):  # a kernel without swap has no such file
            (memory / "memory.swappiness").write_text("0")  # none of it is swapped out at the limit
        self._limit = ControlFile(memory / "memory.limit_in_bytes")
        self._usage = ControlFile(memory / "memory.usage_in_bytes")
        self._peak = ControlFile(memory / "memory.max_usage_in_bytes")
        self._oom = ControlFile(memory / "memory.oom_control")
        self._cpu = ControlFile(cpuacct / "cpuacct.usage")
        self._stat = ControlFile(memory / "memory.stat")
        sockets = memory / "memory.kmem.tcp.limit_in_bytes"
        self._sockets = ControlFile(sockets) if sockets.exists() else None
        self._held_before = 0
        self._oom_kills_before = 0
        self._usage_before = 0
        self._cpu_before = 0
        self._own_clock = time.CLOCK_THREAD_CPUTIME_ID

    def join(self) -> None:
        self._own_clock = time.pthread_getcpuclockid(threading.get_ident())
        thread = str(threading.get_native_id())
        for folder in self._folders:
            (folder / "tasks").write_text(thread)

    def lift(self) -> None:
        self._limit.write(_NO_LIMIT)

    def adopt(self, init_pid: int) -> None:
        """Wait until the last pod's memory is free. Init is in the bay from the beginning.

        The kernel frees System V objects and descriptors in transit only after the last process is
        gone. The daemon's own use counts, too, and stays, so the sum is compared with what it was
        before the pod.
        """
        _offer_to_the_oom_killer(init_pid)
        if self._usage.read() <= self._held_before + JAIL_BYTES // 2:
            return  # without a look at its parts, which costs more than all else here
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        while self._held_bytes() > self._held_before + JAIL_BYTES and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self._held_before = self._held_bytes()

    def begin(self, memory_mib: int, tasks: int) -> None:  # noqa: ARG002  # RLIMIT_NPROC holds them
        self._limit.write(memory_mib * MIB + JAIL_BYTES)
        if self._sockets:  # version 1 counts what TCP and UDP sockets hold apart, if it is limited
            self._sockets.write(memory_mib * MIB)
        self._peak.write(0)
        self._usage_before = self._usage.read()
        self._oom_kills_before = self._oom.field("oom_kill")
        self._cpu_before = self._others_cpu_ns()

    def cpu_us(self) -> int:
        return (self._others_cpu_ns() - self._cpu_before) // 1_000

    def peak_kib(self) -> int:
        return max(0, self._peak.read() - self._usage_before) // 1024

    def out_of_memory(self) -> bool:
        return self._oom.field("oom_kill") > self._oom_kills_before

    def close(self) -> None:
        files = (self._limit, self._usage, self._peak, self._oom, self._cpu, self._stat)
        for file in (*files, self._sockets):
            if file:
                file.close()

    def _others_cpu_ns(self) -> int:
        """CPU time of the group without the bay's own thread, which is in it, too."""
        return self._cpu.read() - time.clock_gettime_ns(self._own_clock)

    def _held_bytes(self) -> int:
        """Memory in use, without cached files, which the kernel drops when it needs room."""
        stat = self._stat.fields()
        return self._usage.read() - stat["active_file"] - stat["inactive_file"]


def _offer_to_the_oom_killer(init_pid: int) -> None:
    """Have it choose among the processes of this jail, which inherit the value.

    By size, it would choose nsjail rather than a small program that fills its memory with files:
    they belong to no process (proc_pid_oom_score_adj(5)). A jail's /proc is read-only.
    """
    with contextlib.suppress(OSError):  # init is gone, as later steps notice
        file = os.open(f"/proc/{init_pid}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, _CHOSEN_FIRST)
        finally:
            os.close(file)


def kill_all(folder: Path) -> None:
    """Kill until no process is left in the group. Raises TimeoutError."""
    deadline = time.monotonic() + _SECONDS_TO_EMPTY
    while pids := (folder / "tasks").read_text().split():
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of {folder.name} can't be ended")
        for pid in pids:
            _kill(int(pid))
        time.sleep(0.001)


def _kill(pid: int) -> None:
    """Kill it, unless it is a thread of this daemon: a bay's own thread ends by itself."""
    if Path(f"/proc/self/task/{pid}").exists():
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
