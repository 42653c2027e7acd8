"""Compares what a program printed with what it had to print.

Each kind works in pieces, so that it needs little memory beside the two texts.
"""

from app.domain.compare.kinds import Compare, CompareKind
from app.domain.compare.lines import same_lines
from app.domain.compare.numbers import Tolerance
from app.domain.compare.tokens import same_tokens

__all__ = ["Compare", "CompareKind", "equal"]


def equal(printed: bytes, expected: bytes, compare: Compare) -> bool:
    """Whether the two are equal in the sense of `compare`."""
    match compare.kind:
        case CompareKind.EXACT:
            return printed == expected
        case CompareKind.LINES:
            return same_lines(printed, expected)
        case CompareKind.TOKENS:
            return same_tokens(printed, expected)
        case CompareKind.NUMBERS:
            tolerance = Tolerance(compare.absolute, compare.relative)
            return same_tokens(printed, expected, tolerance.allows)
