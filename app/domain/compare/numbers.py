"""Compares decimal numbers within bounds: exactly, whatever their size."""

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_UP, Context, Decimal
from typing import Final

LONGEST: Final = 1024 * 1024
"""Bytes. A longer word is no number, so that one word can't take several times its size."""

_NUMBER: Final = re.compile(
    rb"[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:e[+-]?(?=[0-9])0*+[0-9]{0,15})?"
    rb"|(nan)|(inf(?:inity)?))",
    re.IGNORECASE,
)
"""As C, Java, JavaScript and Python print numbers. More digits of an exponent make no number."""

_SHORT: Final = 15
"""Bytes. Floats distinguish all numbers with this many digits."""
_FLOAT_ERROR: Final = 2.0**-50
"""Relative to the operands: a multiple of what IEEE 754 guarantees for a few operations."""
_LARGE: Final = 1e300
_SMALL: Final = 1e-290
"""Between them, no operation here overflows or loses precision."""

_DIGITS_OF_BOUND: Final = 40
"""At least as many as a float has, and as it adds to a number by which it is multiplied."""
_FEW_DIGITS: Final = 60
_REMEMBERED: Final = 4096


class Tolerance:
    """By how much two numbers may differ, during one comparison."""

    def __init__(self, absolute: float, relative: float) -> None:
        """`relative` is a share of the expected number. Both are finite and not below zero."""
        self._absolute = absolute
        self._relative = relative
        # The shortest text of a float is what the client wrote: 0.1 means a tenth.
        self._exact_absolute = Decimal(repr(absolute))
        self._exact_relative = Decimal(repr(relative))
        self._context = _context(_FEW_DIGITS)
        self._close_calls: dict[tuple[bytes, bytes], bool] = {}

    def allows(self, printed: bytes, expected: bytes) -> bool:
        """Whether the words are equal, or both are numbers that are close enough."""
        if printed == expected:
            return True
        if len(printed) > _SHORT or len(expected) > _SHORT:
            return self._surely(printed, expected)
        close = self._roughly(printed, expected)
        return self._remembered(printed, expected) if close is None else close

    def _roughly(self, printed: bytes, expected: bytes) -> bool | None:
        """For short words. None if the answer depends on rounding, or is not about numbers."""
        try:
            one, other = float(printed), float(expected)
        except ValueError:
            return False
        size = abs(other)
        bound, difference = max(self._absolute, self._relative * size), abs(one - other)
        error = (abs(one) + size + bound) * _FLOAT_ERROR + _SMALL
        if difference - error > bound:
            return False
        if difference + error < bound or (not difference and _SMALL < size < _LARGE):
            return b"_" not in printed and b"_" not in expected  # which Python's numbers may have
        return None

    def _remembered(self, printed: bytes, expected: bytes) -> bool:
        """What is short can be frequent."""
        words = printed, expected
        known = self._close_calls.get(words)
        if known is None:
            known = self._surely(printed, expected)
            if len(self._close_calls) < _REMEMBERED:
                self._close_calls[words] = known
        return known

    def _surely(self, printed: bytes, expected: bytes) -> bool:
        if len(printed) > LONGEST or len(expected) > LONGEST:
            return False
        one, other = _NUMBER.fullmatch(printed), _NUMBER.fullmatch(expected)
        if one is None or other is None:
            return False
        if one.lastindex or other.lastindex:
            return _same_special(one, other)
        return self._exactly(printed, expected)

    def _exactly(self, printed: bytes, expected: bytes) -> bool:
        """Round the difference up, to more digits than the bound has: so never across the bound.

        Numbers of very different sizes are not written out.
        """
        one, other = Decimal(printed.decode()), Decimal(expected.decode())
        digits = len(printed) + len(expected)
        context = self._context if digits <= _FEW_DIGITS else _context(digits)
        relative = context.multiply(self._exact_relative, other.copy_abs())
        difference = context.subtract(one, other).copy_abs()
        return difference <= max(self._exact_absolute, relative)


def _context(digits: int) -> Context:
    """For two numbers that have this many digits together."""
    precision = digits + _DIGITS_OF_BOUND
    return Context(prec=precision, rounding=ROUND_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


def _same_special(one: re.Match[bytes], other: re.Match[bytes]) -> bool:
    """nan equals nan, and inf equals inf of the same sign."""
    if one.lastindex != other.lastindex:
        return False
    return one.lastindex == 1 or one[0].startswith(b"-") == other[0].startswith(b"-")
