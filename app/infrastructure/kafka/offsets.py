"""A position in a topic: the next offset in each partition, as text."""

from collections.abc import Mapping

from app.infrastructure.event_log_checks import whole_number

Offsets = dict[int, int]


def as_text(offsets: Mapping[int, int]) -> str:
    """Format partitions and offsets, such as `0:15,1:22`."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items()))


def offsets(text: str) -> Offsets:
    """Parse a position. Raises InvalidPosition."""
    found: Offsets = {}
    for part in text.split(","):
        partition, _, offset = part.partition(":")
        found[whole_number(partition)] = whole_number(offset)
    return found
