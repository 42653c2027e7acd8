"""Versions of languages, compared by their parts: 3.9 is older than 3.11, and 3.1 is neither."""

from typing import Final

_OF_ONE_SERIES: Final = 2
"""The number of parts that two versions share if the later one only fixes the earlier one."""


def fits(version: str, requested: str) -> bool:
    """Whether the version starts with the requested parts: 3.11.7 fits `3`, `3.11`, `3.11.7`."""
    return version == requested or version.startswith(f"{requested}.")


def stands_for(version: str, accepted: str) -> bool:
    """Whether it runs what was accepted for that other version: 3.11.9 for 3.11.7, or for 3.11.

    Both are of one series, or one is the beginning of the other. Daemons have the same rule.
    """
    one, other = version.split("."), accepted.split(".")
    shared = min(len(one), len(other), _OF_ONE_SERIES)
    return one[:shared] == other[:shared]


def release(version: str) -> list[tuple[int, str]]:
    """A key to sort versions by."""
    return [(int(part) if part.isdecimal() else -1, part) for part in version.split(".")]
