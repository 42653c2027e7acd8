"""What a daemon and its jails occupy on this machine: the same before and after a program."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from sandbox.jail import kit
from tests.support.cgroups import cgroups, tree_of
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

_JAIL: Final = {"nsjail", "init"}
"""A jail that is kept ready has nothing else in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    processes: int
    """In the daemon's jails, or with the mark that was given to all, wherever they are by now."""
    descriptors: int
    """Of the daemon, but for sockets: those of watchers are there until the next change."""
    mounts: int
    """Of this daemon and its jails: other tests and containers have theirs at the same time."""
    cgroups: int
    pods: int
    files: frozenset[Path]
    """In the folders that everybody can write to, and those of the daemon."""
    ipc: int
    """System V shared memory, semaphores and queues of the host."""


def traces_of(sandbox: SandboxDaemon, mark: str) -> Traces:
    name = kit.name_of(sandbox.folder / "data")
    return Traces(
        processes=len(_of_programs(sandbox) | marked(mark.encode())),
        descriptors=sum(not target.startswith("socket:") for _, target in _descriptors(sandbox)),
        mounts=_mounts(sandbox.pid, (name, str(sandbox.folder), "nsjail")),
        cgroups=sum(len(tree_of(group)) for group in cgroups(name)),
        pods=len(sandbox.runtime.list_pods()),
        files=_files(sandbox.folder, Path("/run", name)),
        ipc=sum(_lines(Path("/proc/sysvipc", kind)) for kind in ("shm", "sem", "msg")),
    )


def _of_programs(sandbox: SandboxDaemon) -> set[int]:
    found = set()
    for process in sandbox.jailed():
        with suppress(psutil.NoSuchProcess):
            if process.name() not in _JAIL:
                found.add(process.pid)
    return found


def wait_until_idle(sandbox: SandboxDaemon) -> None:
    """Return once a jail waits in each bay, so that the daemon holds all that it holds when idle.

    Each bay has a pidfd of its jail's init and, if it meters processes by reading /proc, that of
    the jail: before, none, or that of its last jail.
    """

    def is_idle() -> bool:
        found = _descriptors(sandbox)
        jails = [path for path, target in found if target == "anon_inode:[pidfd]"]
        metered = [path for path, _ in found if path.is_dir()]
        return (
            len(jails) == sandbox.bays
            and len(metered) in (0, sandbox.bays)
            and all((proc / "1").exists() for proc in metered)
        )

    wait_until(is_idle, or_fail=lambda: _descriptors(sandbox))


def _descriptors(sandbox: SandboxDaemon) -> list[tuple[Path, str]]:
    """Those of the daemon, and what they refer to."""
    found = []
    for descriptor in Path(f"/proc/{sandbox.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append((descriptor, str(descriptor.readlink())))
    return found


def _mounts(pid: int, names: tuple[str, ...]) -> int:
    mounts = Path(f"/proc/{pid}/mounts").read_text().splitlines()
    return sum(any(name in mount for name in names) for mount in mounts)


def marked(mark: bytes) -> set[int]:
    """Return the processes with the mark in the environment that they were started with."""
    return {pid for pid in psutil.pids() if mark in _environment(pid)}


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def _files(*folders: Path) -> frozenset[Path]:
    return frozenset(
        Path(at, name)
        for folder in folders
        for at, folders_in_it, files in os.walk(folder)
        for name in (*folders_in_it, *files)
    )


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
