"""A disk, in memory."""

from collections.abc import Mapping, Sequence

from app.domain.disk import Room


class MemoryDisk:
    """By default, half of a large disk is free."""

    def __init__(self) -> None:
        self.room = Room(free=500 * 10**9, total=1000 * 10**9)
        self.taken: dict[str, int] = {"database": 4096, "blobs": 0}

    def rooms(self) -> Sequence[Room]:
        return [self.room]

    def parts(self) -> Mapping[str, int]:
        return dict(self.taken)
