"""Positions in an event log, as text."""

from app.domain.errors import InvalidPosition

_DIGITS = 18
"""More digits might not fit into the 64 bits that logs use."""


def whole_number(text: str) -> int:
    """Parse a whole number. Raises InvalidPosition."""
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    raise InvalidPosition("this is not a position in the event log")
