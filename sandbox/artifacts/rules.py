"""Which of the files that a program created are kept, and what is reported about the others.

The same rules are in C in collector/artifacts.c, for pods.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.wire.types import ArtifactMaxima, LeftOut

MAX_NAME_BYTES: Final = 1024
MAX_LEFT_OUT: Final = 64
"""The most that are named; others are counted."""
_SHOWN_CHARACTERS: Final = 200
_NOT_SHOWN: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that control a terminal or reorder text, and bytes that are not UTF-8."""

_SEPARATOR_ELSEWHERE: Final = "\\"
"""On Windows, where somebody may unpack an archive of the files."""

NOT_A_FILE: Final = "it is not a regular file, or can't be read"
BAD_NAME: Final = "its name is not UTF-8, or has a backslash or characters that control a terminal"
GONE: Final = LeftOut(None, "a limit ended the program's sandbox, and its files with it")
_NOT_ALL: Final = LeftOut(
    None,
    "not all files could be looked at: the working folder can't be read, or has too many files "
    "or too deep folders",
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something with a name that the pod asks for."""

    path: bytes
    size: int
    is_file: bool

    @property
    def name(self) -> str:
        return self.path.decode(errors="surrogateescape")


def choose(found: Iterable[Found], maxima: ArtifactMaxima) -> tuple[list[Found], list[LeftOut]]:
    """The first ones that there is room for, by name; and why the others are left out."""
    chosen: list[Found] = []
    left_out: list[LeftOut] = []
    room = maxima.bytes
    for each in sorted(found, key=lambda each: each.path):
        if reason := _problem(each, room, len(chosen), maxima):
            left_out.append(named(each.path, reason))
        else:
            chosen.append(each)
            room -= each.size
    return chosen, left_out


def _problem(found: Found, room: int, chosen: int, maxima: ArtifactMaxima) -> str | None:
    if not found.is_file:
        return NOT_A_FILE
    if len(found.path) > MAX_NAME_BYTES:
        return long_name(len(found.path))
    if _SEPARATOR_ELSEWHERE in found.name or _NOT_SHOWN.search(found.name):
        return BAD_NAME
    if chosen == maxima.files:
        return too_many(maxima.files)
    if found.size > room:
        return too_large(found.size, room, maxima.bytes)
    return None


def long_name(size: int) -> str:
    return f"its name has {size} bytes; at most {MAX_NAME_BYTES} are allowed"


def too_many(files: int) -> str:
    return f"{files} files before it are kept, which is the maximum"


def too_large(size: int, room: int, most: int) -> str:
    return f"it has {size} bytes; {room} of {most} are left for it"


def named(path: bytes, reason: str) -> LeftOut:
    name = _NOT_SHOWN.sub("\ufffd", path.decode(errors="surrogateescape"))
    cut = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    return LeftOut(cut, reason)


def bounded(left_out: Sequence[LeftOut], *, complete: bool, more: int = 0) -> tuple[LeftOut, ...]:
    """`more` were left out besides these, and not everything was looked at unless `complete`."""
    more += max(0, len(left_out) - MAX_LEFT_OUT)
    rest = [LeftOut(None, f"{more} more files")] if more else []
    return (*left_out[:MAX_LEFT_OUT], *rest, *(() if complete else (_NOT_ALL,)))
