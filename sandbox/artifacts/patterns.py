"""Fits patterns to the names of files.

A name and a pattern can come from somebody who wants the match to take long. So nothing here goes
back further than to the last `*` or `**`: the time grows with the product of both lengths at most.
collector/patterns.c does the same in pods.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from sandbox.artifacts.parsing import Pattern, Token, Wild, parse

_FOLDERS_KNOWN: Final = 1024

_Segment: TypeAlias = "re.Pattern[str] | None"


@dataclass(frozen=True, slots=True)
class _Compiled:
    pattern: Pattern
    segments: tuple[_Segment, ...]

    @classmethod
    def of(cls, pattern: Pattern) -> "_Compiled":
        segments = (None if each is None else _regex(each) for each in pattern.segments)
        return cls(pattern, tuple(segments))

    def fits(self, parts: Sequence[str], *, is_folder: bool) -> bool:
        if self.pattern.folders_only and not is_folder:
            return False
        return _fit(self.segments, parts[-1:] if self.pattern.anywhere else parts)


class Patterns:
    """Decides by the last pattern that fits; a folder that is wanted is wanted as a whole."""

    def __init__(self, patterns: Iterable[str]) -> None:
        parsed = [found for pattern in patterns if (found := parse(pattern))]
        self._patterns = list(map(_Compiled.of, reversed(parsed)))
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
        for each in self._patterns:
            if each.fits(parts, is_folder=is_folder):
                return not each.pattern.negated
        return False


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


def _regex(tokens: Sequence[Token]) -> "re.Pattern[str]":
    """Each `*` takes as little as what follows it allows, once and for all."""
    fixed = [""]
    for token in tokens:
        if token is Wild.STAR:
            fixed.append("")
        else:
            fixed[-1] += _expression(token)
    if len(fixed) == 1:
        return re.compile(fixed[0], re.DOTALL)
    first, *between, last = fixed
    middle = "".join(f"(?>.*?{each})" for each in between if each)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def _expression(token: Token) -> str:
    """For one character."""
    if isinstance(token, str):
        return re.escape(token)
    if isinstance(token, Wild):
        return "."
    if not token.ranges:
        return "." if token.negated else "(?!)"
    ranges = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in token.ranges)
    return f"[{'^' if token.negated else ''}{ranges}]"
