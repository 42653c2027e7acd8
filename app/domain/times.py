"""How times are counted."""

from typing import Final, TypeAlias

Time: TypeAlias = int
"""Whole microseconds since the Unix epoch."""

MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
