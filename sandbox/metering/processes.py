"""Memory and CPU time of a jail's processes, read from /proc: for hosts without control groups.

There, the kernel enforces nothing for all processes together, so the daemon looks often enough to
do it. A jail's own /proc lists only its processes. The daemon may read it because it owns the
jail's user namespace.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Final

from sandbox.metering.meter import MIB, Ground
from sandbox.metering.queues import Queues

_SECONDS_BETWEEN_LOOKS: Final = 0.005
_SHARE_OF_TIME: Final = 2
"""Exact sums are requested so rarely that they take at most this share of a core."""
_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024
_TICK_US: Final = 1_000_000 // os.sysconf("SC_CLK_TCK")
_UNSEEN: Final = (FileNotFoundError, ProcessLookupError, PermissionError)
"""The process has ended, or its program may be read by nobody (execve(2), PR_SET_DUMPABLE)."""
_OWN: Final = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")
_INIT: Final = "1"
_CPU_FIELDS: Final = slice(11, 15)
"""utime, stime, and both for the children that it waited for; counted from after the name."""


class ProcessMeter:
    """Looks at all processes of a bay's jail, and reports when they use too much."""

    ground = Ground.PROCESSES
    holds_memory = False
    seconds_between_looks = _SECONDS_BETWEEN_LOOKS

    def __init__(self) -> None:
        self._proc: int | None = None
        self._queues: Queues | None = None
        self._limit_kib = 0
        self._peak_kib = 0
        self._cpu_us = 0
        self._cpu_before = 0
        self._exceeded = False
        self._next_exact_look = 0.0

    def join(self) -> None:
        """Do nothing: what belongs to a jail is visible in its /proc."""

    def adopt(self, init_pid: int) -> None:
        self.close()
        self._proc = os.open(f"/proc/{init_pid}/root/proc", os.O_RDONLY | os.O_CLOEXEC)
        self._queues = Queues(self._proc)

    def lift(self) -> None:
        """Do nothing: the limit is checked only while a stage runs."""

    def begin(self, memory_mib: int, tasks: int) -> None:  # noqa: ARG002  # RLIMIT_NPROC holds them
        self._limit_kib = memory_mib * MIB // 1024
        self._peak_kib = 0
        self._exceeded = False
        self._next_exact_look = 0.0
        self._cpu_before = self._cpu_now()
        self._cpu_us = 0

    def cpu_us(self) -> int:
        """The highest sum so far: at the end of a stage, there is nothing left to look at."""
        self._cpu_us = max(self._cpu_us, self._cpu_now() - self._cpu_before)
        return self._cpu_us

    def peak_kib(self) -> int | None:
        """None if the stage ended before the first look."""
        return self._peak_kib or None

    def out_of_memory(self) -> bool:
        self._exceeded = self._exceeded or self._uses_too_much()
        return self._exceeded

    def close(self) -> None:
        if self._proc is not None:
            os.close(self._proc)
            self._proc = None

    def _uses_too_much(self) -> bool:
        """Whether memory is above the limit.

        The quick sum counts shared memory twice. If it is too high, the exact sum decides.
        """
        queued = self._queues.kib() if self._queues else 0
        resident, own = self._resident_kib()
        if resident + queued <= self._limit_kib or time.monotonic() < self._next_exact_look:
            self._peak_kib = max(self._peak_kib, own + queued)
            return False
        begun = time.monotonic()
        used = queued + sum(_own_kib(text) for text in self._read_all("smaps_rollup"))
        ended = time.monotonic()
        self._next_exact_look = ended + (ended - begun) * (_SHARE_OF_TIME - 1)
        self._peak_kib = max(self._peak_kib, used)
        return used > self._limit_kib

    def _resident_kib(self) -> tuple[int, int]:
        """Resident memory in all, and without the pages of files (proc_pid_statm(5))."""
        resident = of_files = 0
        for text in self._read_all("statm"):
            _, pages, shared, *_ = map(int, text.split())
            resident, of_files = resident + pages, of_files + shared
        return resident * _PAGE_KIB, (resident - of_files) * _PAGE_KIB

    def _cpu_now(self) -> int:
        """Of live processes and of those waited for: in the end, init has waited for all."""
        ticks = 0
        for text in self._read_all("stat", init=True):
            ticks += sum(map(int, text.rpartition(")")[2].split()[_CPU_FIELDS]))
        return ticks * _TICK_US

    def _read_all(self, name: str, *, init: bool = False) -> Iterator[str]:
        """Read that file of each process, and skip processes that end meanwhile."""
        if self._proc is None:
            return
        with contextlib.suppress(FileNotFoundError):  # the jail is gone
            for pid in os.listdir(self._proc):
                if pid.isdigit() and (init or pid != _INIT):
                    with contextlib.suppress(*_UNSEEN):
                        yield _read(f"{pid}/{name}", self._proc)


def _own_kib(smaps_rollup: str) -> int:
    """A process's share of memory that no file backs (proc_pid_smaps(5))."""
    lines = (line.split() for line in smaps_rollup.splitlines())
    return sum(int(words[1]) for words in lines if words[0] in _OWN)


def _read(path: str, folder: int) -> str:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.read(file, 4096).decode(errors="replace")
    finally:
        os.close(file)
