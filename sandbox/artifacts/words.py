"""Patterns for collector/patterns.c, as 32-bit words; it says what they mean."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sandbox.artifacts.parsing import Pattern, Segment, Token, Wild, parse

_ANY, _SET, _STAR, _FOLDERS, _NEXT, _LAST = range(0x110000, 0x110006)
_WILD: Final = {Wild.ANY: _ANY, Wild.STAR: _STAR}


def encode_patterns(patterns: Iterable[str]) -> bytes:
    """The last one comes first. Those that say nothing are left out."""
    parsed = [found for pattern in patterns if (found := parse(pattern))]
    words = [len(parsed)]
    for pattern in reversed(parsed):
        own = list(_pattern(pattern))
        words += [len(own), *own]
    return struct.pack(f"<{len(words)}I", *words)


def _pattern(pattern: Pattern) -> Iterator[int]:
    yield pattern.negated | pattern.folders_only << 1 | pattern.anywhere << 2
    *others, last = pattern.segments
    for segment in others:
        yield from (*_segment(segment), _NEXT)
    yield from (*_segment(last), _LAST)


def _segment(segment: Segment) -> Sequence[int]:
    return [_FOLDERS] if segment is None else [word for token in segment for word in _token(token)]


def _token(token: Token) -> Sequence[int]:
    if isinstance(token, str):
        return [ord(token)]
    if isinstance(token, Wild):
        return [_WILD[token]]
    ranges = [ord(end) for each in token.ranges for end in each]
    return [_SET, token.negated, len(token.ranges), *ranges]
