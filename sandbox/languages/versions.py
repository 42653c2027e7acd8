"""Which version of a language runs a program that was accepted for another one."""

from collections.abc import Iterable, Sequence
from typing import Final

_OF_ONE_SERIES: Final = 2
"""The number of parts that two versions share if the later one only fixes the earlier one."""


def standing_for(version: str, offered: Iterable[str]) -> str | None:
    """The offered version to run what was accepted for `version`, or None.

    A tool chain may be corrected between submission and run, and earlier services knew a version
    by fewer parts. So where that very version is not offered, this is the newest one of which one
    version is the beginning of the other (3.11 and 3.11.7), or of the same series (3.11.2 and
    3.11.7).
    """
    able = [other for other in offered if _stands_for(_parts(other), _parts(version))]
    return version if version in able else max(able, key=_age, default=None)


def _parts(version: str) -> list[str]:
    return version.split(".")


def _age(version: str) -> list[tuple[int, str]]:
    """3.9 is older than 3.11."""
    return [(int(part) if part.isdecimal() else -1, part) for part in _parts(version)]


def _stands_for(offered: Sequence[str], wanted: Sequence[str]) -> bool:
    shared = min(len(offered), len(wanted))
    return offered[:shared] == wanted[:shared] or _series(offered) == _series(wanted)


def _series(parts: Sequence[str]) -> Sequence[str]:
    """A version with fewer parts is its own series."""
    return parts[:_OF_ONE_SERIES] if len(parts) > _OF_ONE_SERIES else parts
