"""The file system that a jail sees, as `mount` entries of an nsjail configuration.

Every mount is nosuid, and nodev unless it is a device. A jail's /proc shows what a container's
shows: it hides the paths that OCI runtimes mask (runtime-spec, `linux.maskedPaths`), and a few more
that describe the host and that no language reads.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from sandbox.jail.kit import SHOWN, JailKit

_PAGE_KIB: Final = 4
_SYSTEM_LINKS: Final = ("bin", "lib", "lib64")
_DEVICES: Final = ("null", "zero", "full", "urandom")
_LINKS: Final = {
    "/dev/random": "urandom",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/tmp": "box/tmp",
    "/var/tmp": "../box/tmp",
    "/dev/shm": "../box/shm",
}
MASKED: Final = (
    # Masked by OCI runtimes.
    *("acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi"),
    *("timer_list", "timer_stats"),
    # Read-only under OCI runtimes, and of no use here.
    *("bus", "fs", "irq", "sysrq-trigger"),
    # The host's boot and kernel configuration, its disks and their activity, its users' keys.
    *("cmdline", "config.gz", "diskstats", "key-users", "partitions"),
)
"""Paths below /proc. Those that only root may read are closed to a jail anyway.

They can't be covered either, so these mounts are not mandatory: in a container, the daemon sees the
covers and not what is below them.
"""


def file_of(kit: JailKit, *, bay: int, disk_mib: int) -> IO[bytes]:
    """An unnamed file that holds the configuration. Raises OSError."""
    file = open(os.memfd_create("view"), "w+b")  # noqa: SIM115  # the caller closes it
    file.write(configuration(kit, bay=bay, disk_mib=disk_mib).encode())
    file.flush()
    return file


def configuration(kit: JailKit, *, bay: int, disk_mib: int) -> str:
    """The value of nsjail's --config. It contains nothing that a user wrote."""
    return "\n".join(
        [
            *_system(kit),
            _bind(f"{kit.shown}/{bay}", SHOWN),
            *_devices(),
            *_links(),
            _box(disk_mib),
            *_proc(kit),
        ]
    )


def _system(kit: JailKit) -> Iterator[str]:
    yield _bind("/usr", "/usr")
    yield _bind(str(kit.etc), "/etc")
    for mount in kit.mounts:
        source, _, target = mount.partition(":")
        yield _bind(source, target or source)
    for name in _SYSTEM_LINKS:
        if Path("/usr", name).exists():
            yield _link(f"usr/{name}", f"/{name}")


def _devices() -> Iterator[str]:
    for name in _DEVICES:
        yield _bind_device(f"/dev/{name}", f"/dev/{name}")


def _links() -> Iterator[str]:
    for path, target in _LINKS.items():
        yield _link(target, path)


def _box(disk_mib: int) -> str:
    """One file system, so that one size limits everything. tmpfs needs to be told about inodes."""
    inodes = disk_mib * 1024 // _PAGE_KIB
    options = f"mode=0777,size={disk_mib}m,nr_inodes={inodes}"
    return _mount(dst="/box", fstype="tmpfs", options=options, rw=True, nosuid=True, nodev=True)


def _proc(kit: JailKit) -> Iterator[str]:
    yield _mount(
        dst="/proc", fstype="proc", options="hidepid=2", nosuid=True, nodev=True, noexec=True
    )
    for path in (Path("/proc", name) for name in MASKED):
        if _is_open_to_all(path):
            yield _cover(kit.empty if path.is_dir() else Path("/dev/null"), path)


def _cover(source: Path, path: Path) -> str:
    return _mount(
        src=str(source),
        dst=str(path),
        is_bind=True,
        mandatory=False,
        nosuid=True,
        nodev=source.is_dir(),
        noexec=True,
    )


def _is_open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except FileNotFoundError:
        return False


def _bind(source: str, target: str) -> str:
    return _mount(src=source, dst=target, is_bind=True, nosuid=True, nodev=True)


def _bind_device(source: str, target: str) -> str:
    return _mount(src=source, dst=target, is_bind=True, nosuid=True, noexec=True)


def _link(target: str, path: str) -> str:
    return _mount(src=target, dst=path, is_symlink=True)


def _mount(**fields: str | bool) -> str:
    """One entry in the text format of protocol buffers, whose strings are those of JSON."""
    inside = " ".join(f"{name}: {json.dumps(value)}" for name, value in fields.items())
    return f"mount {{ {inside} }}"
