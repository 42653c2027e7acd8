"""Compares word by word."""

import re
from collections.abc import Callable, Iterator
from operator import eq
from typing import Final

from app.domain.compare.white_space import PIECE

_SPACES: Final = (b" ", b"\n", b"\t", b"\r", b"\v", b"\f")
_WHITE_SPACE: Final = re.compile(rb"\s")


def same_tokens(
    printed: bytes, expected: bytes, same_word: Callable[[bytes, bytes], bool] = eq
) -> bool:
    """Whether the words are the same, whatever white space is between them.

    `same_word` says when two words are.
    """
    lefts, rights = _words(printed), _words(expected)
    left: list[bytes] = []
    right: list[bytes] = []
    while True:
        left = left or next(lefts, [])
        right = right or next(rights, [])
        size = min(len(left), len(right))
        if not size:
            return not left and not right
        if not _same(left[:size], right[:size], same_word):
            return False
        left, right = left[size:], right[size:]


def _same(left: list[bytes], right: list[bytes], same_word: Callable[[bytes, bytes], bool]) -> bool:
    return left == right or all(map(same_word, left, right))


def _words(text: bytes) -> Iterator[list[bytes]]:
    """The words, some at a time. A long one is copied once."""
    at = 0
    while at < len(text):
        piece = text[at : at + PIECE]
        if at + PIECE >= len(text):
            end = len(text)
        elif (end := at + _last_space(piece)) < at:
            found = _WHITE_SPACE.search(text, at + PIECE)
            end = found.start() if found else len(text)
            piece = text[at:end]
        if words := piece[: end - at].split():
            yield words
        at = end + 1


def _last_space(piece: bytes) -> int:
    """Where the last white space is; -1 if there is none."""
    return max(map(piece.rfind, _SPACES))
