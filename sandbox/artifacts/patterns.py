"""Patterns of files, as in git's ignore files (https://git-scm.com/docs/gitignore).

A name and a pattern can come from somebody who wants the match to take long. So nothing here goes
back further than to the last `*` or `**`: the time grows with the product of both lengths at most.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

_FOLDERS_KNOWN: Final = 1024
_CLASSES: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}

_Segment: TypeAlias = "re.Pattern[str] | None"
"""Matches one part of a path; None stands for `**`, any number of parts."""
_ALL: Final = re.compile(".*", re.DOTALL)
_NOTHING: Final = "(?!)"


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
        parts = path.split("/")
        return any(
            self._last_fit(parts[:depth], is_folder=True) for depth in range(1, len(parts) + 1)
        )

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
        return _Pattern(negated, folders_only, True, (_segment(text),))
    parts = text.removeprefix("/").split("/")
    segments: list[_Segment] = [None if part == "**" else _segment(part) for part in parts]
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


def _segment(text: str) -> "re.Pattern[str]":
    """Each `*` takes as little as what follows it allows, once and for all."""
    fixed = [""]
    at = 0
    while at < len(text):
        if text[at] == "*":
            fixed.append("")
            at += 1
            continue
        expression, at = _one(text, at)
        fixed[-1] += expression
    if len(fixed) == 1:
        return re.compile(fixed[0], re.DOTALL)
    first, *between, last = fixed
    middle = "".join(f"(?>.*?{each})" for each in between if each)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def _one(text: str, at: int) -> tuple[str, int]:
    """An expression for one character, and where the next one begins."""
    character = text[at]
    if character == "?":
        return ".", at + 1
    if character == "[":
        return _set(text, at + 1)
    if character == "\\":
        if at + 1 == len(text):
            return _NOTHING, at + 1
        return re.escape(text[at + 1]), at + 2
    return re.escape(character), at + 1


def _set(text: str, at: int) -> tuple[str, int]:
    """A set in brackets, from behind the first one. One that is never closed fits nothing."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    ranges, first = [], at
    while at < len(text) and (text[at] != "]" or at == first):
        if text.startswith("[:", at) and (end := text.find("]", at + 2)) > 0:
            if text[end - 1] != ":" or end - 1 < at + 2:
                ranges.append(re.escape("["))
                at += 1
                continue
            named = _CLASSES.get(text[at + 2 : end - 1])
            if named is None:
                return _NOTHING, len(text)
            ranges.append(named)
            at = end + 1
            continue
        low, at = _literal(text, at)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _literal(text, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    if at >= len(text):
        return _NOTHING, len(text)
    if not ranges:
        return "." if negated else _NOTHING, at + 1
    return f"[{'^' if negated else ''}{''.join(ranges)}]", at + 1


def _literal(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
