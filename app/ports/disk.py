"""The port of the disk on which this process keeps what it stores."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.disk import Room


class Disk(Protocol):
    """Folders and files on this machine. Raises StoreUnavailable if it can't be read."""

    def rooms(self) -> Sequence[Room]:
        """Return the file systems that hold them. Costs microseconds.

        Empty if nothing is kept on this machine, as with MongoDB in a container without a volume.
        """

    def parts(self) -> Mapping[str, int]:
        """Return how many bytes each part takes on the disk, as du(1) counts.

        Looks at each file, so it takes about a second for 100,000 blobs.
        """
