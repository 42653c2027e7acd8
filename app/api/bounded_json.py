"""Parses JSON with a bounded number of values."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from pydantic_core import from_json

_PIECE: Final = rb'((?:\\.[^"\\]{0,64}+|[^"\\]{1,64}+){0,4096}+)("?)'
"""Of a string: up to 256 KiB, and its end if that is there.

While one match is looked for, no other thread runs: an 11 MB string held up all for 45 ms.
"""
_TOKENS: Final = re.compile(rb'[\[{,]|"' + _PIECE, re.DOTALL)
"""Whatever begins a value or separates two, and strings, which may contain the same characters.

Possessive, and satisfied by an unterminated string: it never looks at a byte twice.
"""
_MORE_OF_STRING: Final = re.compile(_PIECE, re.DOTALL)
_QUOTE: Final = ord('"')


def parse(body: bytes, most: int) -> tuple[object, bool]:
    """The first `most` values, and whether these are all. Raises ValueError.

    Python objects take up to a hundred times the memory of their JSON (`[]`), so the values are
    counted before any object is made.
    """
    end = _end_of_values(body, most)
    if end is None:
        return from_json(body, cache_strings="none"), True
    return from_json(body[:end], allow_partial=True, cache_strings="none"), False


def _end_of_values(body: bytes, most: int) -> int | None:
    """Where the first value beyond the bound starts; None if there is none."""
    return next(islice(_separators(body), most, None), None)


def _separators(body: bytes) -> Iterator[int]:
    """Where a value begins, or is separated from the one before."""
    tokens = _TOKENS.finditer(body)
    while token := next(tokens, None):
        if body[token.start()] != _QUOTE:
            yield token.start()
        elif not token[2]:
            tokens = _TOKENS.finditer(body, _end_of_string(body, token.end()))


def _end_of_string(body: bytes, at: int) -> int:
    while True:
        piece = _MORE_OF_STRING.match(body, at)
        assert piece, "it may be empty"
        if piece[2] or not piece[1]:
            return piece.end()
        at = piece.end()
