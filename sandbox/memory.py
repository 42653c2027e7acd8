"""Returns the memory of large contents to the system."""

import ctypes
from contextlib import suppress
from typing import Final

_LARGE_BYTES: Final = 1024 * 1024
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def return_what_is_freed() -> None:
    """Make the C library map each large block separately, so that freeing it returns the memory.

    By default, glibc raises that threshold to the largest block ever freed, up to 32 MiB, and
    keeps up to twice as much in each thread's arena (mallopt(3), M_MMAP_THRESHOLD). Other C
    libraries need no such setting.
    """
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
