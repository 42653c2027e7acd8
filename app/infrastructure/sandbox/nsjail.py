"""The command line of nsjail.

What is behind it: an outer uid of its own for the program where the daemon is root, a network
namespace without even a loopback, read-only system folders, and one tmpfs for all that may be
written. What namespaces leave open, init's filter of system calls closes for the program.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.infrastructure.init.protocol import INIT
from app.infrastructure.sandbox.kit import JailKit

INNER_ID: Final = 99999
FIRST_OUTER_ID: Final = 65000
"""65000 to 65533 are reserved: no account has them (Debian Policy 9.2.2)."""
_PAGE_KIB: Final = 4


def command(kit: JailKit, *, slot: int, disk_mib: int, supply: int) -> list[str]:
    """Nothing that a user wrote is ever part of it. `supply` is what init is started with."""
    return [
        str(kit.nsjail),
        *_mode(),
        *_identity(slot),
        *_no_network(),
        *_system_folders(kit),
        *_devices(),
        *_writable_folders(disk_mib),
        *_processes(),
        *_init(supply),
    ]


def _mode() -> list[str]:
    """One jail after the other, quietly, with no time limit.

    Init and the daemon keep the time, in microseconds, and resource limits are set by init for each
    stage. As nice as the daemon: a jail may be no less.
    """
    nice = str(os.getpriority(os.PRIO_PROCESS, 0))
    return ["-Mr", "-q", "-t", "0", "--nice_level", nice, "--disable_rlimits", "--hostname", "box"]


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


def _init(supply: int) -> list[str]:
    """By descriptor: the jail's uid need not reach the file, and no path in the jail names it."""
    return [
        *("--pass_fd", str(supply), "--cwd", "/"),
        *("--execute_fd", "--exec_file", str(INIT), "--", "init", str(supply)),
    ]


def _read_only(path: str) -> Sequence[str]:
    return ("--bindmount_ro", path)
