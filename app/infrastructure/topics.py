"""The names that a topic for re-emitted events may have."""

import re
from typing import Final

from app.domain.errors import InvalidTarget

_LEGAL: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
"""Kafka's rule: org.apache.kafka.common.internals.Topic."""


def is_topic(name: str) -> bool:
    return bool(_LEGAL.fullmatch(name)) and name not in (".", "..")


def check_target(target: str, own: str) -> None:
    """Raise InvalidTarget unless the name is allowed. Kafka's own start with two underscores."""
    if not is_topic(target) or target.startswith("__"):
        raise InvalidTarget(
            "must be the name of a topic: up to 249 letters, digits, dots, hyphens and underscores"
        )
    if target == own:
        raise InvalidTarget(f"must not be {own}, which is the event log itself")
