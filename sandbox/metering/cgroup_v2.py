"""A bay's control group of version 2, created anew for each jail.

Version 2 moves whole processes only. So init is moved when its jail is ready and has run nothing,
and nsjail stays outside. A new group counts from zero; before Linux 6.12, a peak can't be reset.
"""

import contextlib
import errno
import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.metering.control_file import ControlFile
from sandbox.metering.meter import JAIL_BYTES, MIB, Ground

CONTROLLERS: Final = ("memory", "pids")
"""The CPU time of a group is counted even without the cpu controller (cgroup-v2.rst, cpu.stat)."""
_NO_LIMIT: Final = "max"
_SECONDS_TO_EMPTY: Final = 5.0


class GroupFolders:
    """Creates and removes groups. A new folder has its control files at once."""

    def make(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)

    def remove(self, folder: Path) -> None:
        """Kill what runs in the group, and remove it. Raises TimeoutError and OSError."""
        with contextlib.suppress(FileNotFoundError):
            kill_all(folder)
            folder.rmdir()


class CgroupV2:
    """One bay: groups `<bay>-1`, `<bay>-2`, … below a folder that has the controllers."""

    ground = Ground.CGROUP_2
    holds_memory = True
    seconds_between_looks = math.inf

    def __init__(self, bay: Path, folders: GroupFolders) -> None:
        self._bay = bay
        self._folders = folders
        self._adopted = 0
        self._group: _Group | None = None

    def join(self) -> None:
        """Do nothing: a thread can't be in another group than its process."""

    def adopt(self, init_pid: int) -> None:
        self.close()
        self._adopted += 1
        self._group = _Group.make(
            self._bay.with_name(f"{self._bay.name}-{self._adopted}"), self._folders
        )
        self._group.add(init_pid)

    def lift(self) -> None:
        if self._group:
            self._group.lift()

    def begin(self, memory_mib: int, tasks: int) -> None:
        self._now.begin(memory_mib, tasks)

    def cpu_us(self) -> int:
        return self._now.cpu_us()

    def peak_kib(self) -> int | None:
        return self._now.peak_kib()

    def out_of_memory(self) -> bool:
        return self._now.out_of_memory()

    def close(self) -> None:
        if self._group:
            self._group.close()
            self._folders.remove(self._group.folder)
            self._group = None

    @property
    def _now(self) -> "_Group":
        assert self._group, "a jail is adopted before its first stage"
        return self._group


@dataclass(slots=True)
class _Group:
    """The group of one jail, used for one stage after another."""

    folder: Path
    _memory: ControlFile
    _usage: ControlFile
    _tasks: ControlFile
    _events: ControlFile
    _cpu: ControlFile
    _peak: ControlFile | None
    """None before Linux 5.19."""
    _usage_before: int = 0
    _peak_before: int = 0
    _oom_kills_before: int = 0
    _cpu_before: int = 0

    @classmethod
    def make(cls, folder: Path, folders: GroupFolders) -> "_Group":
        folders.make(folder)
        swap, peak = folder / "memory.swap.max", folder / "memory.peak"
        if swap.exists():  # it may be left out of the kernel
            swap.write_text("0")
        return cls(
            folder,
            _memory=ControlFile(folder / "memory.max"),
            _usage=ControlFile(folder / "memory.current"),
            _tasks=ControlFile(folder / "pids.max"),
            _events=ControlFile(folder / "memory.events"),
            _cpu=ControlFile(folder / "cpu.stat"),
            _peak=ControlFile(peak) if peak.exists() else None,
        )

    def add(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))

    def begin(self, memory_mib: int, tasks: int) -> None:
        limit = memory_mib * MIB + JAIL_BYTES
        self._usage_before = self._usage.read()
        if self._usage_before > limit:
            raise OSError(errno.EBUSY, "more memory than the limit is in use")
        self._memory.write(limit)
        self._tasks.write(tasks)
        self._forget_peak()
        self._oom_kills_before = self._events.field("oom_kill")
        self._cpu_before = self._cpu.field("usage_usec")

    def lift(self) -> None:
        self._memory.write(_NO_LIMIT)

    def cpu_us(self) -> int:
        return self._cpu.field("usage_usec") - self._cpu_before

    def peak_kib(self) -> int | None:
        """The peak, or None if an earlier stage had a higher one."""
        peak = self._peak.read() if self._peak else 0
        return None if peak <= self._peak_before else (peak - self._usage_before) // 1024

    def out_of_memory(self) -> bool:
        return self._events.field("oom_kill") > self._oom_kills_before

    def close(self) -> None:
        files = (self._memory, self._usage, self._tasks, self._events, self._cpu, self._peak)
        for file in files:
            if file:
                file.close()

    def _forget_peak(self) -> None:
        """Reset the peak, for the descriptor that asks (Linux 6.12 and later)."""
        self._peak_before = 0
        if self._peak is None:
            return
        try:
            self._peak.write("reset")
        except OSError:
            self._peak_before = self._peak.read()


def kill_all(folder: Path) -> None:
    """Kill until no process is left in the group. Raises TimeoutError."""
    deadline = time.monotonic() + _SECONDS_TO_EMPTY
    while pids := (folder / "cgroup.procs").read_text().split():
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of {folder.name} can't be ended")
        if (folder / "cgroup.kill").exists():
            (folder / "cgroup.kill").write_text("1")
        else:
            _kill_each(pids)
        time.sleep(0.001)


def _kill_each(pids: list[str]) -> None:
    """Kill one by one, before Linux 5.14. The next look finds what a process forks meanwhile."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
