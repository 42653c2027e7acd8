"""Space on a disk. All sizes are in bytes, unless the name says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MIB: Final = 1024 * 1024
_RESERVED_SHARE: Final = 20
"""One in so many bytes of a disk stays free by default, but at most `_MOST_RESERVED`."""
_MOST_RESERVED: Final = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Room:
    """One file system."""

    free: int
    """What a process without privileges can still write."""
    total: int

    def reserve(self, mib: int | None) -> int:
        """What must stay free for new work to begin: `mib`, or a share of the disk if it is None.

        Work in progress needs it to store its results.
        """
        if mib is None:
            return min(self.total // _RESERVED_SHARE, _MOST_RESERVED)
        return mib * _MIB


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """What is stored, and the room for more."""

    parts: Mapping[str, int]
    """What each part takes."""
    room: Room | None
    """Where there is the least. None if nothing is stored here."""
    reserved: int
    """What has to stay free there."""
