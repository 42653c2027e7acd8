"""Collects the files that a pod asks for from its jail, once the program has ended.

Init lists names and sizes, the patterns choose among them here, and init sends the files that were
chosen. Nothing on the host opens a path in a jail.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sandbox.artifacts.patterns import Patterns
from sandbox.daemon.entries import Entries, Kind, NotReceived
from sandbox.daemon.kept import Record
from sandbox.daemon.stage import Fault, ask
from sandbox.init.protocol import encode_get, encode_list
from sandbox.jail.jail import Jail
from sandbox.wire.types import Collected, CollectedFile, LeftOut

MAX_FILES: Final = 64
MAX_BYTES: Final = 8 << 20
_MAX_NAME_BYTES: Final = 1024
_MAX_LEFT_OUT: Final = 64
_SHOWN_CHARACTERS: Final = 200
_ENTRIES_MAX: Final = 20_001
"""What init lists at most, and the end."""
_BAD_NAME: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that control a terminal or reorder text, and bytes that are not UTF-8."""
_GONE: Final = LeftOut(None, "a limit ended the program's sandbox, and its files with it")
_NOT_ALL: Final = LeftOut(
    None, "there are too many files, or too deep folders, to look at all of them"
)
_NOT_A_FILE: Final = "it is not a regular file, or can't be read"


@dataclass(frozen=True, slots=True)
class _Found:
    """Something with a name that the pod asks for."""

    path: bytes
    size: int
    is_file: bool

    @property
    def name(self) -> str:
        return self.path.decode(errors="surrogateescape")


def collect_artifacts(jail: Jail, patterns: Iterable[str], record: Record) -> Collected:
    """Keep the files in the record. Raises Fault."""
    if jail.is_gone():
        return Collected(left_out=(_GONE,))
    try:
        found, complete = ask(jail, encode_list(), partial(_find, Patterns(patterns)))
        chosen, left_out = _choose(found)
        files, unreadable = _keep(jail, chosen, record)
    except NotReceived as error:
        raise Fault(f"the program's files could not be kept: {error}") from error
    return Collected(files, _bounded([*left_out, *unreadable], complete=complete))


def _find(patterns: Patterns, source: int) -> tuple[list[_Found], bool]:
    """What the patterns ask for, and whether init looked at everything."""
    entries = Entries(source)
    found: list[_Found] = []
    for _ in range(_ENTRIES_MAX):
        kind, path, size = entries.next()
        if kind is Kind.END:
            return found, not size
        each = _Found(path, size, kind is not Kind.OTHER)
        if patterns.want(each.name):
            found.append(each)
    raise NotReceived("init lists more files than it may")


def _choose(found: Iterable[_Found]) -> tuple[list[_Found], list[LeftOut]]:
    """The first ones that there is room for, by name; and why the others are left out."""
    chosen: list[_Found] = []
    left_out: list[LeftOut] = []
    room = MAX_BYTES
    for each in sorted(found, key=lambda each: each.path):
        if reason := _problem(each, room, len(chosen)):
            left_out.append(_left_out(each, reason))
        else:
            chosen.append(each)
            room -= each.size
    return chosen, left_out


def _problem(found: _Found, room: int, chosen: int) -> str | None:
    if not found.is_file:
        return _NOT_A_FILE
    if len(found.path) > _MAX_NAME_BYTES:
        return f"its name has {len(found.path)} bytes; at most {_MAX_NAME_BYTES} are allowed"
    if _BAD_NAME.search(found.name):
        return "its name is not UTF-8, or has characters that control a terminal"
    if chosen == MAX_FILES:
        return f"{MAX_FILES} files before it are kept, which is the maximum"
    if found.size > room:
        return f"it has {found.size} bytes; {room} of {MAX_BYTES} are left for it"
    return None


def _left_out(found: _Found, reason: str) -> LeftOut:
    name = _BAD_NAME.sub("\ufffd", found.name)
    cut = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    return LeftOut(cut, reason)


def _bounded(left_out: Sequence[LeftOut], *, complete: bool) -> tuple[LeftOut, ...]:
    named, more = left_out[:_MAX_LEFT_OUT], len(left_out) - _MAX_LEFT_OUT
    rest = [LeftOut(None, f"{more} more files")] if more > 0 else []
    return (*named, *rest, *(() if complete else (_NOT_ALL,)))


def _keep(
    jail: Jail, chosen: Sequence[_Found], record: Record
) -> tuple[tuple[CollectedFile, ...], list[LeftOut]]:
    if not chosen:
        return (), []
    request = encode_get([each.path for each in chosen])
    return ask(jail, request, partial(_receive, chosen, record))


def _receive(
    chosen: Sequence[_Found], record: Record, source: int
) -> tuple[tuple[CollectedFile, ...], list[LeftOut]]:
    entries = Entries(source)
    files: list[CollectedFile] = []
    left_out: list[LeftOut] = []
    for each in chosen:
        kind, path, size = entries.next()
        if path != each.path:
            raise NotReceived("init sends another file than it was asked for")
        if kind is Kind.OTHER:
            left_out.append(_left_out(each, _NOT_A_FILE))
            continue
        if size != each.size:
            raise NotReceived("a file changed although nothing was running")
        record.keep_artifact(entries.content(size))
        files.append(CollectedFile(each.name, size))
    return tuple(files), left_out
