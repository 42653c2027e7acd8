"""Tokens: Judge0's are random UUIDs (version 4), and its clients check that. Ours hold a ULID.

A ULID begins with the time in milliseconds, whose first 6 bits are 0 until the year 2109. The other
122 bits are as many as a UUID of version 4 has room for.
"""

from typing import Final
from uuid import UUID

from ulid import ULID

_VERSION: Final = 4
_VARIANT: Final = 0b10
_LOW_BITS: Final = 62
_MIDDLE_BITS: Final = 12


def token_of(execution_id: str) -> str:
    """The UUID that stands for an execution."""
    value = int(ULID.from_str(execution_id))
    low = value & ((1 << _LOW_BITS) - 1)
    middle = value >> _LOW_BITS & ((1 << _MIDDLE_BITS) - 1)
    high = value >> _LOW_BITS + _MIDDLE_BITS
    return str(UUID(int=high << 80 | _VERSION << 76 | middle << 64 | _VARIANT << _LOW_BITS | low))


def execution_of(token: str) -> str | None:
    """The id of the execution for which a token stands; None if it stands for none."""
    try:
        found = UUID(token)
    except ValueError:
        return None
    if found.version != _VERSION:
        return None
    value = found.int
    high, middle = value >> 80, value >> 64 & ((1 << _MIDDLE_BITS) - 1)
    low = value & ((1 << _LOW_BITS) - 1)
    return str(ULID.from_int(high << _LOW_BITS + _MIDDLE_BITS | middle << _LOW_BITS | low))
