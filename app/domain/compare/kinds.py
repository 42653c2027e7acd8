"""The kinds of comparison."""

from dataclasses import dataclass
from enum import StrEnum


class CompareKind(StrEnum):
    """When the output is equal to the expected output."""

    EXACT = "exact"
    """Byte for byte."""
    LINES = "lines"
    """Without white space at the ends of lines, empty lines at the end, and a leading byte order
    mark in the expected output.
    """
    TOKENS = "tokens"
    """Word by word, whatever white space is between them."""
    NUMBERS = "numbers"
    """As tokens, but two words that are decimal numbers may differ by either bound."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A kind of comparison, with the bounds of `numbers`."""

    kind: CompareKind
    absolute: float = 0
    relative: float = 0
    """As a share of the expected number."""


EXACT = Compare(CompareKind.EXACT)
LINES = Compare(CompareKind.LINES)
