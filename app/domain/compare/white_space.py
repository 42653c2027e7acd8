"""White space, as the methods of bytes define it."""

from collections.abc import Iterator
from typing import Final

PIECE: Final = 16 * 1024
"""Bytes that are looked at in one go."""


def without_end(text: bytes) -> int:
    """The length of the text without the white space at its end. Copies only pieces."""
    end = len(text)
    while end:
        begin = max(0, end - PIECE)
        if kept := len(text[begin:end].rstrip()):
            return begin + kept
        end = begin
    return 0


def pieces(text: bytes, begin: int, end: int) -> Iterator[bytes]:
    """That part of the text."""
    for at in range(begin, end, PIECE):
        yield text[at : min(at + PIECE, end)]
