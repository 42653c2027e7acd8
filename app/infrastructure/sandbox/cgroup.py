"""Control groups: memory held by the kernel, and the CPU time of a whole tree, per slot.

Version 1 only so far: there a thread can be in a group of its own, so a slot's thread joins its
group once, and all that it starts is in it from the first instruction, at no cost per run (joining
costs 8 to 14 ms at times). Version 2 has no threads for the memory controller; its place is
`find`, beside `CgroupV1`.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Final, Protocol

_CONTROLLERS: Final = ("memory", "cpuacct")
_MIB: Final = 1024 * 1024
_JAIL_BYTES: Final = 4 * _MIB
"""What nsjail and init use of a slot's memory beside the program; measured: 2 to 3 MiB."""
_NO_LIMIT: Final = -1
_SECONDS_TO_EMPTY: Final = 5.0
_SECONDS_TO_SETTLE: Final = 1.0
_SECONDS_BETWEEN_LOOKS: Final = 0.002

log = logging.getLogger(__name__)


class Meter(Protocol):
    """Holds and measures what the processes of a slot use. Used by the slot's thread alone."""

    holds_memory: bool
    """The kernel holds the memory limit for all processes together."""

    def join(self) -> None:
        """Everything that the calling thread starts from now on belongs to the slot."""

    def settle(self) -> None:
        """A pod is gone: return once what it used is free, and lift its limit for the next jail."""

    def begin(self, memory_mib: int) -> None:
        """A stage begins: set its memory limit, count from zero. OSError if more is in use."""

    def cpu_us(self) -> int | None:
        """CPU time of all processes since `begin`. None where it can't be told."""

    def peak_kib(self) -> int | None:
        """The most memory in use at once since `begin`. None where it can't be told."""

    def out_of_memory(self) -> bool:
        """The kernel killed a process for the memory limit since `begin`."""

    def close(self) -> None:
        """The slot is used no more."""


class NoCgroup:
    """Holds nothing: RLIMIT_DATA and RLIMIT_CPU of each process stand alone."""

    holds_memory = False

    def join(self) -> None:
        return

    def settle(self) -> None:
        return

    def begin(self, memory_mib: int) -> None:  # noqa: ARG002
        return

    def cpu_us(self) -> None:
        return None

    def peak_kib(self) -> None:
        return None

    def out_of_memory(self) -> bool:
        return False

    def close(self) -> None:
        return


class CgroupV1:
    """A folder of the same name under the memory and the cpuacct controller."""

    holds_memory = True

    def __init__(self, memory: Path, cpuacct: Path) -> None:
        """Makes the folders, empty of processes. Raises OSError."""
        self._folders = (memory, cpuacct)
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            kill_all(folder)
        self._limit = _Value(memory / "memory.limit_in_bytes")
        self._usage = _Value(memory / "memory.usage_in_bytes")
        self._peak = _Value(memory / "memory.max_usage_in_bytes")
        self._oom = _Value(memory / "memory.oom_control")
        self._cpu = _Value(cpuacct / "cpuacct.usage")
        self._stat = _Value(memory / "memory.stat", os.O_RDONLY)
        self._held_before = 0
        self._oom_kills_before = 0
        self._usage_before = 0
        self._cpu_before = 0

    def join(self) -> None:
        thread = str(threading.get_native_id())
        for folder in self._folders:
            (folder / "tasks").write_text(thread)

    def settle(self) -> None:
        """System V objects and descriptors on their way are freed after the last process is gone.

        The daemon's own use counts too and stays; so it is compared with what was before the pod.
        """
        self._limit.write(_NO_LIMIT)
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        while self._held_bytes() > self._held_before + _JAIL_BYTES and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self._held_before = self._held_bytes()

    def begin(self, memory_mib: int) -> None:
        self._limit.write(memory_mib * _MIB + _JAIL_BYTES)
        self._peak.write(0)
        self._usage_before = self._usage.read()
        self._oom_kills_before = self._oom_kills()
        self._cpu_before = self._others_cpu_ns()

    def cpu_us(self) -> int:
        return (self._others_cpu_ns() - self._cpu_before) // 1_000

    def peak_kib(self) -> int:
        return max(0, self._peak.read() - self._usage_before) // 1024

    def out_of_memory(self) -> bool:
        return self._oom_kills() > self._oom_kills_before

    def close(self) -> None:
        for value in (
            self._limit,
            self._usage,
            self._peak,
            self._stat,
            self._oom,
            self._cpu,
        ):
            value.close()

    def _others_cpu_ns(self) -> int:
        """Without the slot's own thread, which is in the group too."""
        return self._cpu.read() - time.thread_time_ns()

    def _held_bytes(self) -> int:
        """Without cached files, which the kernel gives up whenever it needs room."""
        stat = dict(line.split() for line in self._stat.text().splitlines())
        return self._usage.read() - int(stat["active_file"]) - int(stat["inactive_file"])

    def _oom_kills(self) -> int:
        for line in self._oom.text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0


class _Value:
    """One control file, kept open."""

    def __init__(self, path: Path, mode: int = os.O_RDWR) -> None:
        self._fd = os.open(path, mode | os.O_CLOEXEC)

    def text(self) -> str:
        return os.pread(self._fd, 4096, 0).decode()

    def read(self) -> int:
        return int(self.text())

    def write(self, value: int) -> None:
        os.pwrite(self._fd, str(value).encode(), 0)

    def close(self) -> None:
        os.close(self._fd)


def find(group: str, slots: int, record: Path) -> list[Meter]:
    """A meter per slot: cgroups below the daemon's own ones, or none where that can't be.

    `record` remembers where they are, so that the next daemon can remove them even if it is
    started in another cgroup. Says in the log what holds the memory limit here.
    """
    remove(record)
    try:
        parents = [_own_folder(controller) / group for controller in _CONTROLLERS]
        record.write_text("".join(f"{parent}\n" for parent in parents))
        meters: list[Meter] = [
            CgroupV1(*(parent / f"slot-{slot}" for parent in parents)) for slot in range(slots)
        ]
    except OSError as error:
        log.warning(
            "no cgroups (%s): memory is held by RLIMIT_DATA and CPU by RLIMIT_CPU, per process",
            error,
        )
        return [NoCgroup() for _ in range(slots)]
    log.info("memory and CPU of each run are held by cgroups, version 1")
    return meters


def remove(record: Path) -> None:
    """All groups that are on record, with whatever still runs in them."""
    if not record.exists():
        return
    for parent in map(Path, record.read_text().splitlines()):
        for folder in parent.glob("slot-*"):
            kill_all(folder)
            folder.rmdir()
        with contextlib.suppress(FileNotFoundError):
            parent.rmdir()
    record.unlink()


def kill_all(folder: Path) -> None:
    """Until no process is left in the group. Raises TimeoutError."""
    deadline = time.monotonic() + _SECONDS_TO_EMPTY
    while pids := (folder / "tasks").read_text().split():
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of {folder.name} do not end")
        for pid in pids:
            _kill(int(pid))
        time.sleep(0.001)


def _kill(pid: int) -> None:
    """A slot's own thread is left to end by itself."""
    if Path(f"/proc/self/task/{pid}").exists():
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _own_folder(controller: str) -> Path:
    """Where this process is in the hierarchy of a version 1 controller. FileNotFoundError."""
    root = _mount_point(controller)
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            own = root / path.lstrip("/")
            return own if own.is_dir() else root
    raise FileNotFoundError(f"there is no {controller} cgroup")


def _mount_point(controller: str) -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup" and controller in options.split(","):
            return Path(place)
    raise FileNotFoundError(f"the {controller} controller of cgroup version 1 is not mounted")
