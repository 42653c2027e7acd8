"""JSON of a bounded number of values."""

import re
from itertools import islice
from typing import Final

from pydantic_core import from_json

_TOKENS: Final = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Whatever begins a value or separates two, and strings, which may contain the same characters.

Possessive, and satisfied by an unterminated string: it never looks at a byte twice.
"""
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
    """Where one value too many begins; None if there are few enough."""
    tokens = (token.start() for token in _TOKENS.finditer(body))
    separators = (at for at in tokens if body[at] != _QUOTE)
    return next(islice(separators, most, None), None)
