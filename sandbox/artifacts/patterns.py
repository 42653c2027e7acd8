"""Patterns of files, as in git's ignore files (https://git-scm.com/docs/gitignore).

A name and a pattern can come from somebody who wants the match to take long. So nothing here goes
back further than to the last `*` or `**`: the time grows with the product of both lengths at most.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from sandbox.artifacts.segments import expression

_FOLDERS_KNOWN: Final = 1024

_Segment: TypeAlias = "re.Pattern[str] | None"
"""Matches one part of a path; None stands for `**`, any number of parts."""
_ALL: Final = re.compile(".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Pattern:
    negated: bool
    folders_only: bool
    anywhere: bool
    """It has no slash, so it is about the last part of a path."""
    segments: tuple[_Segment, ...]

    def fits(self, parts: Sequence[str], *, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        return _fit(self.segments, parts[-1:] if self.anywhere else parts)


class Patterns:
    """Decides by the last pattern that fits; a folder that is wanted is wanted as a whole."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [
            found for pattern in reversed(list(patterns)) if (found := _parse(pattern))
        ]
        self._folder_wanted = lru_cache(_FOLDERS_KNOWN)(self._is_folder_wanted)

    def want(self, path: str) -> bool:
        """Whether they ask for this file."""
        folder, _, _ = path.rpartition("/")
        if folder and self._folder_wanted(folder):
            return True
        return self._last_fit(path.split("/"), is_folder=False)

    def _is_folder_wanted(self, path: str) -> bool:
        """Its parent is known already where folders are listed in order."""
        parent, _, _ = path.rpartition("/")
        if parent and self._folder_wanted(parent):
            return True
        return self._last_fit(path.split("/"), is_folder=True)

    def _last_fit(self, parts: Sequence[str], *, is_folder: bool) -> bool:
        for pattern in self._patterns:
            if pattern.fits(parts, is_folder=is_folder):
                return not pattern.negated
        return False


def _parse(pattern: str) -> _Pattern | None:
    text = _without_spaces_at_the_end(pattern)
    if text.startswith("#"):
        return None
    negated, text = text.startswith("!"), text.removeprefix("!")
    folders_only, text = text.endswith("/"), text.removesuffix("/")
    if not text:
        return None
    if "/" not in text:
        return _Pattern(negated, folders_only, True, (expression(text),))
    parts = text.removeprefix("/").split("/")
    segments: list[_Segment] = [None if part == "**" else expression(part) for part in parts]
    if segments[-1] is None:
        segments.append(_ALL)
    return _Pattern(negated, folders_only, False, tuple(segments))


def _without_spaces_at_the_end(pattern: str) -> str:
    """A backslash keeps a space."""
    text = pattern.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(pattern) else text


def _fit(segments: Sequence[_Segment], parts: Sequence[str]) -> bool:
    at = part = 0
    after_any, resume = -1, 0
    while part < len(parts):
        if at < len(segments) and segments[at] is None:
            at, after_any, resume = at + 1, at + 1, part
        elif at < len(segments) and _matches(segments[at], parts[part]):
            at, part = at + 1, part + 1
        elif after_any >= 0:
            resume += 1
            at, part = after_any, resume
        else:
            return False
    return all(segment is None for segment in segments[at:])


def _matches(segment: _Segment, part: str) -> bool:
    return segment is not None and segment.fullmatch(part) is not None
