"""Drivers that start a compiler before its program is known, and what they compile to warm up.

They are sources, which `prepare` of their language compiles for each tool chain.
"""

from pathlib import Path
from typing import Final

DRIVERS: Final = Path(__file__).parent


def contents() -> bytes:
    """All drivers; others have to be prepared anew."""
    return b"\0".join(path.read_bytes() for path in sorted(DRIVERS.glob("*.java")))
