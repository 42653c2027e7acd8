"""What a daemon and its jails occupy on this machine: the same before and after a program."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from sandbox.jail import kit
from tests.support.cgroups import cgroups, tree_of
from tests.support.sandbox_daemon import SandboxDaemon

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
    names = {process.pid: process.name() for process in sandbox.jailed()}
    of_programs = {pid for pid, name in names.items() if name not in _JAIL}
    return Traces(
        processes=len(of_programs | marked(mark.encode())),
        descriptors=sum(
            not _is_socket(descriptor) for descriptor in Path(f"/proc/{sandbox.pid}/fd").iterdir()
        ),
        mounts=_mounts(sandbox.pid, (name, str(sandbox.folder), "nsjail")),
        cgroups=sum(len(tree_of(group)) for group in cgroups(name)),
        pods=len(sandbox.runtime.list_pods()),
        files=_files(sandbox.folder, Path("/run", name)),
        ipc=sum(_lines(Path("/proc/sysvipc", kind)) for kind in ("shm", "sem", "msg")),
    )


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


def _is_socket(descriptor: Path) -> bool:
    try:
        return descriptor.is_socket()
    except FileNotFoundError:
        return False


def _files(*folders: Path) -> frozenset[Path]:
    return frozenset(
        Path(at, name)
        for folder in folders
        for at, folders_in_it, files in os.walk(folder)
        for name in (*folders_in_it, *files)
    )


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
