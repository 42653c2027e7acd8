"""Keeps new work from filling the disk, and reports what takes how much of it."""

from collections.abc import Callable

from app.domain.disk import DiskUsage, Room
from app.domain.errors import DiskLow
from app.domain.policy import Policy
from app.ports import Disk


def check_space(disk: Disk, policy: Policy) -> None:
    """Raises DiskLow if new work must wait, because its results might not fit.

    What is in progress goes on, and its results are stored.
    """
    fullest = fullest_of(disk, policy)
    if fullest is not None and _spare(policy)(fullest) < 0:
        raise DiskLow(f"{fullest.free} bytes of the disk are free")


def has_space(disk: Disk, policy: Policy) -> bool:
    """Whether new work can begin."""
    try:
        check_space(disk, policy)
    except DiskLow:
        return False
    return True


def disk_usage(disk: Disk, policy: Policy) -> DiskUsage:
    """Look at each file: see `Disk.parts`."""
    fullest = fullest_of(disk, policy)
    reserved = 0 if fullest is None else fullest.reserve(policy.disk_reserve_mib)
    return DiskUsage(disk.parts(), fullest, reserved)


def fullest_of(disk: Disk, policy: Policy) -> Room | None:
    """The file system with the least room. None if nothing is stored here."""
    return min(disk.rooms(), key=_spare(policy), default=None)


def _spare(policy: Policy) -> Callable[[Room], int]:
    """What is free beyond the reserve."""
    return lambda room: room.free - room.reserve(policy.disk_reserve_mib)
