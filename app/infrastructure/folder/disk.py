"""The disk below some folders and files, as the kernel counts it."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.domain.disk import Room
from app.domain.errors import StoreUnavailable

OTHER: Final = "other"
_BLOCK: Final = 512
"""The unit of `st_blocks` (stat(2)), whatever the file system's own blocks are."""


class FolderDisk:
    """Counts each file once, whatever number of names it has."""

    def __init__(self, folder: Path, parts: Mapping[Path, str]) -> None:
        """`parts` names files and folders, in the folder or elsewhere. The rest is `other`."""
        self._parts = {str(path): name for path, name in parts.items()}
        outside = [path for path in parts if not path.is_relative_to(folder)]
        self._roots = [folder, *outside]
        self._folders = [folder, *sorted({path.parent for path in outside})]

    def rooms(self) -> Sequence[Room]:
        rooms = []
        with _at_the_edge():
            for folder in self._folders:
                with suppress(FileNotFoundError):
                    found = os.statvfs(folder)
                    unit = found.f_frsize
                    rooms.append(Room(found.f_bavail * unit, found.f_blocks * unit))
        return rooms

    def parts(self) -> Mapping[str, int]:
        taken: Counter[str] = Counter(dict.fromkeys(self._parts.values(), 0))
        seen: set[tuple[int, int]] = set()
        with _at_the_edge():
            for root in self._roots:
                self._add(str(root), OTHER, taken, seen)
        return taken

    def _add(self, path: str, part: str, taken: Counter[str], seen: set[tuple[int, int]]) -> None:
        """Add a file, or a folder with all that is in it. What has vanished counts nothing."""
        with suppress(FileNotFoundError, NotADirectoryError):
            found = os.lstat(path)
            if found.st_nlink > 1:  # folders have two names at least, and few files have
                if (found.st_dev, found.st_ino) in seen:
                    return
                seen.add((found.st_dev, found.st_ino))
            part = self._parts.get(path, part)
            taken[part] += found.st_blocks * _BLOCK
            if stat.S_ISDIR(found.st_mode):
                for name in os.listdir(path):
                    self._add(f"{path}/{name}", part, taken, seen)


@contextmanager
def _at_the_edge() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the disk can't be read: {error}") from error
