"""The problems with a request, and rules for text that terminals show."""

import re
from typing import Final

from app.domain.errors import FieldProblem, Where

MAX_PROBLEMS: Final = 20
"""The most problems that one response lists; whoever has more starts with these."""

NOT_SHOWABLE: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""C0, DEL and C1; line and paragraph separators; bidirectional embeddings, overrides and isolates.

The marks that text in a right-to-left script needs (U+200E, U+200F, U+061C) are allowed.
https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
"""
_MAX_NAME: Final = 200
"""Characters. A problem document must not repeat a name of a megabyte."""


class Problems:
    """Collects everything that is wrong with a request, so that one response can report it all."""

    def __init__(self, most: int = MAX_PROBLEMS, where: Where = "body") -> None:
        self.found: list[FieldProblem] = []
        self._most = most
        self._where: Where = where
        self._unreadable: set[str] = set()

    def elsewhere(self, where: Where) -> "Problems":
        """Where another part of the same request adds its problems to these."""
        other = Problems(self._most, where)
        other.found = self.found
        return other

    def add(self, pointer: str, detail: str) -> None:
        """Report a broken rule, unless the field or what contains it is unreadable."""
        if not self.full and not (self._unreadable and self._is_unreadable(pointer)):
            self.found.append(FieldProblem(pointer, detail, self._where))

    def add_unreadable(self, pointer: str, detail: str) -> None:
        """Report a value of the wrong type or size. What stands in for it breaks no rule."""
        self.add(pointer, detail)
        self._unreadable.add(pointer)

    def within(self, *path: str | int) -> "Problems":
        """Where a part of the request adds its problems: its pointers begin at the part."""
        return _ProblemsOfPart(self, pointer(*path))

    def none_at(self, *pointers: str) -> bool:
        """Whether nothing is wrong with these fields, with what contains them or is in them."""
        return not any(
            f"{pointer}/".startswith(f"{found.pointer}/") or found.pointer.startswith(f"{pointer}/")
            for found in self.found
            for pointer in pointers
            if found.where == self._where
        )

    def _is_unreadable(self, pointer: str) -> bool:
        while pointer and pointer not in self._unreadable:
            pointer = pointer.rpartition("/")[0]
        return pointer in self._unreadable

    @property
    def full(self) -> bool:
        """Whether no further problem would be listed."""
        return len(self.found) >= self._most

    def __bool__(self) -> bool:
        return bool(self.found)


class _ProblemsOfPart(Problems):
    def __init__(self, whole: Problems, at: str) -> None:
        super().__init__()
        self._whole = whole
        self._at = at
        self.found = whole.found

    def add(self, pointer: str, detail: str) -> None:
        self._whole.add(self._at + pointer, detail)

    def add_unreadable(self, pointer: str, detail: str) -> None:
        self._whole.add_unreadable(self._at + pointer, detail)

    def none_at(self, *pointers: str) -> bool:
        return self._whole.none_at(*(self._at + pointer for pointer in pointers))

    @property
    def full(self) -> bool:
        return self._whole.full


def pointer(*path: str | int) -> str:
    """The JSON pointer (RFC 6901) of a field. A long name is cut."""
    return "".join("/" + _shown(str(part)) for part in path)


def _shown(part: str) -> str:
    cut = part if len(part) <= _MAX_NAME else part[:_MAX_NAME] + "…"
    return cut.replace("~", "~0").replace("/", "~1")


def showable(problems: Problems, at: str, text: str) -> None:
    """Names and labels are printed on terminals, which obey control characters."""
    found = NOT_SHOWABLE.search(text)
    if found:
        problems.add(at, f"contains U+{ord(found[0]):04X}, a character that can control a terminal")
