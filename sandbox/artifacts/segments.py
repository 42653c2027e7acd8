"""One part of a path in a pattern, as a regular expression: `*`, `?`, sets in brackets, escapes.

It takes time that grows with the product of both lengths at most: each `*` takes as little as what
follows it allows, once and for all.
"""

import re
from typing import Final

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
"""Of the POSIX locale, as git has them."""
_CLASS_NAME: Final = re.compile(r"\[:([^\]]*):\]")
_NOTHING: Final = "(?!)"


def expression(text: str) -> "re.Pattern[str]":
    """What a whole part of a path must match."""
    fixed = [""]
    at = 0
    while at < len(text):
        if text[at] == "*":
            fixed.append("")
            at += 1
        else:
            one, at = _one(text, at)
            fixed[-1] += one
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
    if character == "\\" and at + 1 == len(text):
        return _NOTHING, at + 1
    literal, at = _literal(text, at)
    return re.escape(literal), at


def _set(text: str, at: int) -> tuple[str, int]:
    """A set in brackets, from behind the first one. One that is never closed fits nothing."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    members, first = "", at
    while at < len(text) and (text[at] != "]" or at == first):
        found, at = _members(text, at)
        if found is None:
            return _NOTHING, len(text)
        members += found
    if at >= len(text):
        return _NOTHING, len(text)
    if not members:
        return "." if negated else _NOTHING, at + 1
    return f"[{'^' if negated else ''}{members}]", at + 1


def _members(text: str, at: int) -> tuple[str | None, int]:
    """One class or range in a set, which may be empty; None for a class that does not exist."""
    named = _CLASS_NAME.match(text, at)
    if named:
        return _CLASSES.get(named[1]), named.end()
    low, at = _literal(text, at)
    high = low
    if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
        high, at = _literal(text, at + 1)
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else "", at


def _literal(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
