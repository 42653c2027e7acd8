"""Checks of positions and of targets that every event log makes."""

import re
from typing import Final

from app.domain.errors import InvalidPosition, InvalidTarget

_LEGAL: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
"""Kafka's rule: org.apache.kafka.common.internals.Topic."""
_DIGITS: Final = 18
"""More digits might not fit into the 64 bits that logs use."""


def whole_number(text: str) -> int:
    """Parse the number in a position. Raises InvalidPosition."""
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    raise InvalidPosition("this is not a position in the event log")


def check_target(target: str, own: str) -> None:
    """Raise InvalidTarget unless the name is allowed. Kafka's own start with two underscores."""
    if not _is_topic(target) or target.startswith("__"):
        raise InvalidTarget(
            "must be the name of a topic: up to 249 letters, digits, dots, hyphens and underscores"
        )
    if target == own:
        raise InvalidTarget(f"must not be {own}, which is the event log itself")


def _is_topic(name: str) -> bool:
    return bool(_LEGAL.fullmatch(name)) and name not in (".", "..")
