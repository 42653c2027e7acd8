"""Rules that more than one field of a submission obeys, and the list of those that were broken."""

import math
import re
from base64 import b64decode
from collections.abc import Sequence, Sized
from typing import Final

from app.domain.errors import FieldProblem

MAX_PROBLEMS = 20
"""More are not listed: a client that gets so much wrong reads the first ones first."""


NOT_SHOWABLE: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""C0, DEL and C1; line and paragraph separators; bidirectional embeddings, overrides and isolates.

Marks that text in a right-to-left script needs (U+200E, U+200F, U+061C) are not among them.
https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
"""
_MAX_NAME: Final = 200
"""Characters: a problem document does not repeat a megabyte."""


class Problems:
    """Collects what is wrong, so that a client learns of all of it at once."""

    def __init__(self) -> None:
        self.found: list[FieldProblem] = []

    def add(self, pointer: str, detail: str) -> None:
        if not self.full:
            self.found.append(FieldProblem(pointer, detail))

    @property
    def full(self) -> bool:
        """Whether another problem would not be listed."""
        return len(self.found) >= MAX_PROBLEMS

    def __bool__(self) -> bool:
        return bool(self.found)


def pointer(*path: str | int) -> str:
    """The JSON pointer (RFC 6901) of a field. The name of an unknown one may be cut."""
    return "".join("/" + _shown(str(part)) for part in path)


def _shown(part: str) -> str:
    cut = part if len(part) <= _MAX_NAME else part[:_MAX_NAME] + "…"
    return cut.replace("~", "~0").replace("/", "~1")


def utf8(problems: Problems, at: str, text: str) -> bytes:
    """The text in UTF-8; JSON can spell half of a surrogate pair, which has no UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        problems.add(at, "has half of a surrogate pair: send text that has a UTF-8 form")
        return b""


def no_nul(problems: Problems, at: str, text: str) -> None:
    if "\0" in text:
        problems.add(at, "has a NUL character: leave it out")


def showable(problems: Problems, at: str, text: str) -> None:
    """For names and labels, which terminals are shown: there, these characters act."""
    found = NOT_SHOWABLE.search(text)
    if found:
        problems.add(at, f"has the character U+{ord(found[0]):04X}, which controls a terminal")


def base64(problems: Problems, at: str, text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        problems.add(at, "is not base64 (RFC 4648, section 4, with padding)")
        return b""


def text_or_base64(
    problems: Problems, name: str, text: str | None, encoded: str | None, maximum: int
) -> bytes | None:
    """What `<name>` or `<name>_base64` says; None where neither is given."""
    if text is not None and encoded is not None:
        problems.add(pointer(name), f"goes without {name}_base64: send one of the two")
    if text is not None:
        at = pointer(name)
        content = utf8(problems, at, text)
    elif encoded is not None:
        at = pointer(f"{name}_base64")
        content = base64(problems, at, encoded)
    else:
        return None
    at_most(problems, at, len(content), maximum)
    return content


def at_most(problems: Problems, at: str, size: int, maximum: int) -> None:
    """`size` is in bytes."""
    if size > maximum:
        problems.add(at, f"has {size} bytes; at most {maximum} are allowed")


def not_too_many(problems: Problems, at: str, items: Sized, maximum: int) -> bool:
    """Whether it is worth looking at each of them."""
    if len(items) > maximum:
        problems.add(at, f"has more than {maximum} entries")
    return len(items) <= maximum


def number(problems: Problems, at: str, value: float, maximum: float) -> bool:
    """Whether it is a number above zero and up to the maximum."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        detail = "must be a number"
    elif isinstance(value, float) and not math.isfinite(value):
        detail = "must be a finite number"
    elif value <= 0:
        detail = "must be above zero"
    elif value > maximum:
        detail = f"must be at most {maximum}"
    else:
        return True
    problems.add(at, detail)
    return False


def choice(options: Sequence[str]) -> str:
    return "choose one of: " + ", ".join(options)
