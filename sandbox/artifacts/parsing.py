"""Parses patterns of files, as in git's ignore files (https://git-scm.com/docs/gitignore)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

_CLASSES: Final[Mapping[str, str]] = {
    "alnum": "azAZ09",
    "alpha": "azAZ",
    "blank": "  \t\t",
    "cntrl": "\x00\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "  \t\r",
    "upper": "AZ",
    "xdigit": "09afAF",
}
"""Of the POSIX locale, as git has them: the first and the last character of each range."""
_CLASS_NAME: Final = re.compile(r"\[:([^\]]*):\]")


class Wild(Enum):
    ANY = "?"
    STAR = "*"


@dataclass(frozen=True, slots=True)
class Set:
    """One character of these ranges, or of no range."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]


Token: TypeAlias = str | Wild | Set
Segment: TypeAlias = tuple[Token, ...] | None
"""Fits one part of a path; None stands for `**`, any number of parts."""

_NOTHING: Final = Set(negated=False, ranges=())


@dataclass(frozen=True, slots=True)
class Pattern:
    """Decides about what it fits."""

    negated: bool
    folders_only: bool
    anywhere: bool
    """It has no slash, so it is about the last part of a path."""
    segments: tuple[Segment, ...]


def parse(pattern: str) -> Pattern | None:
    """Return None for a comment, and for a pattern that says nothing."""
    text = _without_spaces_at_the_end(pattern)
    if text.startswith("#"):
        return None
    negated, text = text.startswith("!"), text.removeprefix("!")
    folders_only, text = text.endswith("/"), text.removesuffix("/")
    if not text:
        return None
    if "/" not in text:
        return Pattern(negated, folders_only, True, (_tokens(text),))
    parts = text.removeprefix("/").split("/")
    segments: list[Segment] = [None if part == "**" else _tokens(part) for part in parts]
    if segments[-1] is None:
        segments.append((Wild.STAR,))
    return Pattern(negated, folders_only, False, tuple(segments))


def _without_spaces_at_the_end(pattern: str) -> str:
    """A backslash keeps a space."""
    text = pattern.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(pattern) else text


def _tokens(text: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        token, at = _token(text, at)
        tokens.append(token)
    return tuple(tokens)


def _token(text: str, at: int) -> tuple[Token, int]:
    """The next token, and where the one after it begins."""
    character = text[at]
    if character == "*":
        return Wild.STAR, at + 1
    if character == "?":
        return Wild.ANY, at + 1
    if character == "[":
        return _set(text, at + 1)
    if character == "\\":
        return (text[at + 1], at + 2) if at + 1 < len(text) else (_NOTHING, at + 1)
    return character, at + 1


def _set(text: str, at: int) -> tuple[Token, int]:
    """A set in brackets, from behind the first one. One that is never closed fits nothing."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    first = at
    while at < len(text) and (text[at] != "]" or at == first):
        found, at = _ranges(text, at)
        if found is None:
            return _NOTHING, len(text)
        ranges += found
    if at >= len(text):
        return _NOTHING, len(text)
    return Set(negated, tuple(ranges)), at + 1


def _ranges(text: str, at: int) -> tuple[list[tuple[str, str]] | None, int]:
    """A class or one range, which may be empty; None for a class that does not exist."""
    if named := _CLASS_NAME.match(text, at):
        ends = _CLASSES.get(named[1])
        return (list(zip(ends[::2], ends[1::2], strict=True)) if ends else None), named.end()
    low, at = _literal(text, at)
    high = low
    if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
        high, at = _literal(text, at + 1)
    return [(low, high)] if low <= high else [], at


def _literal(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
