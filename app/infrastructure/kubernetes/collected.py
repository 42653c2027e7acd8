"""The lines of a collector's log about files that the program created.

They come once the program has ended, if its pod asks for files and its program started. First, what
is left out, with the reason and the numbers in it; names are in base64, because they are any bytes:

    {"left_out": {"why": "too large", "number": …, "room": …, "most": …, "path": "<base64>"}}

Then each file that is kept, its contents in pieces of at most 8 KiB, and more that is left out:

    {"file": {"bytes": 9000, "path": "<base64>"}}
    {"content": "<base64>"}
    {"content": "<base64>"}

At last, how many there are of each. `more` are left out without a line, and there was more than is
looked at unless `complete`. Null says that all files were lost with main:

    {"artifacts": {"files": 1, "left_out": 1, "more": 0, "complete": true}}
    {"artifacts": null}
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.artifact import Collected, CollectedFile, LeftOut
from sandbox.artifacts import rules
from sandbox.wire import types

BEGINNINGS: Final = (b'{"left_out"', b'{"file"', b'{"content"', b'{"artifacts"')
"""How these lines begin."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a pod's program created."""

    collected: Collected
    contents: tuple[bytes, ...]


def parse_files(lines: Iterable[bytes]) -> Files | None:
    """None if a line is missing. Raises ValueError, LookupError and TypeError."""
    parsed = _Lines()
    for line in lines:
        parsed.add(line)
    return parsed.files()


@dataclass(slots=True)
class _Lines:
    """Takes the lines in their order."""

    _paths: list[bytes] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _contents: list[bytearray] = field(default_factory=list)
    _left_out: list[types.LeftOut] = field(default_factory=list)
    _end: Mapping[str, Any] | None = None
    _ended: bool = False

    def add(self, line: bytes) -> None:
        ((kind, said),) = json.loads(line).items()
        if self._ended:
            raise ValueError("a line after the end")
        if kind == "left_out":
            self._left_out.append(rules.named(_path(said), _reason(said)))
        elif kind == "file":
            self._paths.append(_path(said))
            self._sizes.append(said["bytes"])
            self._contents.append(bytearray())
        elif kind == "content":
            self._contents[-1] += base64.b64decode(said, validate=True)
        else:
            self._end, self._ended = said, True

    def files(self) -> Files | None:
        if not self._ended:
            return None
        if self._end is None:
            return Files(Collected(left_out=(_left_out(rules.GONE),)), ())
        if (
            [len(content) for content in self._contents] != self._sizes
            or len(self._sizes) != self._end["files"]
            or len(self._left_out) != self._end["left_out"]
        ):
            return None
        named = map(CollectedFile, (path.decode() for path in self._paths), self._sizes)
        left_out = rules.bounded(
            self._left_out, complete=self._end["complete"], more=self._end["more"]
        )
        collected = Collected(tuple(named), tuple(map(_left_out, left_out)))
        return Files(collected, tuple(map(bytes, self._contents)))


def _path(said: Mapping[str, Any]) -> bytes:
    path = base64.b64decode(said["path"], validate=True)
    if b"\0" in path or {b"", b".", b".."} & set(path.split(b"/")):
        raise ValueError("a path leads out of its folder")
    return path


def _reason(said: Mapping[str, Any]) -> str:
    why, number = said["why"], said["number"]
    if why == "long name":
        return rules.long_name(number)
    if why == "too many":
        return rules.too_many(number)
    if why == "too large":
        return rules.too_large(number, said["room"], said["most"])
    return {"not a file": rules.NOT_A_FILE, "bad name": rules.BAD_NAME}[why]


def _left_out(left_out: types.LeftOut) -> LeftOut:
    return LeftOut(left_out.name, left_out.reason)
