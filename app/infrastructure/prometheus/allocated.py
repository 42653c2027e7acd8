"""Shared counters whose pages are allocated on disk before they are written.

prometheus_client maps sparse files into memory. On a full disk, the first write to such a page ends
the process with SIGBUS (mmap(2)). Here pages are allocated first, and a counter without space
raises OSError.
"""

import os
from typing import Any, Final

from prometheus_client import mmap_dict, values

PIECE: Final = 64 * 1024
"""Bytes to allocate at a time, enough for about four hundred counters."""


class AllocatedDict(mmap_dict.MmapedDict):
    """The library's dictionary, but growing by allocated pieces."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            _make(filename)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # it has no types

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + PIECE // 2
        if needed > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]  # it has no types


def _make(filename: str) -> None:
    """Create the file. Raises OSError without leaving a file, as the library can't read a part."""
    with open(filename, "ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, PIECE)
        except OSError:
            os.unlink(filename)
            raise


def install() -> None:
    """Use allocated pages for every counter created from now on."""
    module: Any = values
    module.MmapedDict = AllocatedDict
