"""Contents that are too large for a row."""

from dataclasses import dataclass
from typing import Final

PIECE_BYTES: Final = 256 * 1024
"""The most that is read or written at once, so that a large blob is never in memory as a whole."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What a row keeps of a blob. With the execution's id, it says where the contents are."""

    sha256: str
    """64 lowercase hexadecimal digits."""
    size: int
    """In bytes."""
