"""Returns the memory of large contents to the system, and shares that of small ones."""

import ctypes
from contextlib import suppress
from typing import Final

_LARGE_BYTES: Final = 1024 * 1024
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def return_what_is_freed() -> None:
    """Make the C library keep little of what is freed. Call this before there are threads.

    By default, glibc maps no block separately that is smaller than the largest one ever freed, up
    to 32 MiB, and keeps up to twice as much (mallopt(3), M_MMAP_THRESHOLD). Each thread takes
    blocks from an arena that it shares with few others, and every arena keeps what its threads
    once needed, which grew for hours (docs/decisions.md). Here, large blocks are mapped, and
    threads share one arena. Other C libraries need no such settings.
    """
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, 1)
