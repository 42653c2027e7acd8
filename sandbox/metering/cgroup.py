"""Where the daemon may create control groups, and how it removes those that are left.

What counts is what is mounted and which controllers it offers: with systemd, both versions are
often mounted, and the controllers belong to one of them.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from sandbox.metering import cgroup_v1, cgroup_v2
from sandbox.metering.cgroup_v1 import CgroupV1
from sandbox.metering.cgroup_v2 import CgroupV2, GroupFolders
from sandbox.metering.meter import Meter

_SERVICE: Final = "service"
"""The group for the processes of a group of version 2 that gives controllers to its children.

Such a group may have no processes itself (cgroup-v2.rst, no internal process). The root of all
groups is exempt, and kernel threads can't leave it.
"""

log = logging.getLogger(__name__)

Meters: TypeAlias = Sequence[Meter]


class NoCgroups(OSError):
    """No groups can be created here; the message says why."""


@dataclass(frozen=True, slots=True)
class Host:
    """What this process sees of the host's control groups."""

    mounts: Path = Path("/proc/self/mounts")
    membership: Path = Path("/proc/self/cgroup")
    folders: GroupFolders = field(default_factory=GroupFolders)

    def own_folder(self, kind: str, controller: str = "") -> Path:
        """The group of this process in the hierarchy of a controller. Raises NoCgroups."""
        root = self._mount_point(kind, controller)
        for line in self.membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                own = root / path.lstrip("/")
                return own if own.is_dir() else root
        raise NoCgroups(f"this process is in no {controller or 'version 2'} cgroup")

    def _mount_point(self, kind: str, controller: str) -> Path:
        for line in self.mounts.read_text().splitlines():
            _, place, found, options, *_ = line.split()
            if found == kind and (not controller or controller in options.split(",")):
                return Path(place)
        raise NoCgroups(f"{kind} is not mounted with {controller or 'any'} controller")


def find(host: Host, group: str, bays: int, note: Callable[[Path], None]) -> Meters:
    """Return a meter per bay, in control groups below the daemon's own. Raises OSError.

    `note` receives every folder before it is created, so that it can be removed later.
    """
    troubles = []
    for version in (_version_2, _version_1):
        try:
            return version(host, group, bays, note)
        except OSError as error:
            troubles.append(str(error))
    raise NoCgroups("; ".join(troubles))


def _version_2(host: Host, group: str, bays: int, note: Callable[[Path], None]) -> Meters:
    own = host.own_folder("cgroup2")
    if own.name == f"{group}-{_SERVICE}":
        own = own.parent
    offered = (own / "cgroup.controllers").read_text().split()
    if missing := [name for name in cgroup_v2.CONTROLLERS if name not in offered]:
        raise NoCgroups(f"cgroup version 2 does not offer {' and '.join(missing)} in {own}")
    parent = own / group
    note(parent)
    host.folders.make(parent)
    _give_controllers_to_children(host, own, f"{group}-{_SERVICE}")
    _give_controllers_to_children(host, parent, _SERVICE)
    return [CgroupV2(parent / f"bay-{bay}", host.folders) for bay in range(bays)]


def _give_controllers_to_children(host: Host, folder: Path, service: str) -> None:
    control = folder / "cgroup.subtree_control"
    if set(cgroup_v2.CONTROLLERS) <= set(control.read_text().split()):
        return
    is_root = not (folder / "cgroup.type").exists()  # it may keep its processes
    if not is_root and (processes := (folder / "cgroup.procs").read_text().split()):
        _move(processes, host, folder / service)
    control.write_text(" ".join(f"+{name}" for name in cgroup_v2.CONTROLLERS))


def _move(processes: Iterable[str], host: Host, group: Path) -> None:
    host.folders.make(group)
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            (group / "cgroup.procs").write_text(pid)


def _version_1(host: Host, group: str, bays: int, note: Callable[[Path], None]) -> Meters:
    parents = [host.own_folder("cgroup", name) / group for name in cgroup_v1.CONTROLLERS]
    for parent in parents:
        note(parent)
    return [CgroupV1(*(parent / f"bay-{bay}" for parent in parents)) for bay in range(bays)]


def remove(parent: Path, folders: GroupFolders | None = None) -> None:
    """Remove all groups of a daemon below that folder, and kill what still runs in them.

    Raises TimeoutError and OSError.
    """
    if not parent.exists():
        return
    if (parent / "cgroup.controllers").exists():
        folders = folders or GroupFolders()
        for group in (*_bays(parent), parent):
            folders.remove(group)
        return
    for group in _bays(parent):
        cgroup_v1.kill_all(group)
        group.rmdir()
    parent.rmdir()


def _bays(parent: Path) -> Iterator[Path]:
    """Releases up to 0.1 named the groups `slot-<number>`; a killed daemon leaves them behind."""
    yield from parent.glob("bay-*")
    yield from parent.glob("slot-*")
