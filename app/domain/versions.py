"""Versions of languages, compared by their parts: 3.9 is older than 3.11, and 3.1 is neither."""

from collections.abc import Iterable
from typing import Final

_OF_ONE_SERIES: Final = 2
"""Parts that two versions share where the later one only corrects the earlier one."""


def fits(version: str, requested: str) -> bool:
    """Whether the version has all parts of the requested one: 3.11.7 fits `3`, `3.11`, `3.11.7`."""
    return version == requested or version.startswith(f"{requested}.")


def release(version: str) -> list[tuple[int, str]]:
    """A key to sort versions by."""
    return [(int(part) if part.isdecimal() else -1, part) for part in version.split(".")]


def standing_for(version: str, offered: Iterable[str]) -> str | None:
    """The offered version to run what was accepted for `version`, or None.

    A tool chain may be corrected between submission and run, and services before this one knew a
    version by fewer parts. So if the very version is not offered, take the newest one that either
    fits it or belongs to the same series (3.11.2 and 3.11.7).
    """
    able = [other for other in offered if _stands_for(other, version)]
    return version if version in able else max(able, key=release, default=None)


def _stands_for(offered: str, version: str) -> bool:
    return fits(offered, version) or fits(version, offered) or _series(offered) == _series(version)


def _series(version: str) -> tuple[str, ...]:
    """A version of fewer parts is a series of its own."""
    parts = version.split(".")
    return tuple(parts[:_OF_ONE_SERIES] if len(parts) > _OF_ONE_SERIES else [version])
