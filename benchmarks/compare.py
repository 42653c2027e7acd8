"""CPU time to compare two outputs, for texts that are made to be expensive."""

import random
from collections.abc import Iterator
from typing import Final

from app.domain.compare import Compare, CompareKind, equal
from benchmarks.measure import MILLISECONDS, table, verdict
from tests.support.cpu import least_cpu_seconds

TITLE: Final = "Comparing outputs of 8 MiB: CPU time per MiB of both sides"
SIZE: Final = 8 * 1024 * 1024
MIB: Final = 1024 * 1024
BARS: Final = {
    CompareKind.EXACT: 30.0,
    CompareKind.LINES: 30.0,
    CompareKind.TOKENS: 60.0,
    CompareKind.NUMBERS: 300.0,
}
"""Milliseconds per MiB."""

Sides = tuple[bytes, bytes]


def run(*, quick: bool) -> str:
    size, times = (SIZE // 16, 1) if quick else (SIZE, 3)
    rows = [
        _row(kind, name, sides, bounds, times)
        for kind in CompareKind
        for name, sides, bounds in _cases(kind, size)
    ]
    return table(["compare", "texts", "MiB", "ms/MiB", "target"], rows)


def _row(
    kind: CompareKind, name: str, sides: Sides, bounds: tuple[float, float], times: int
) -> list[object]:
    printed, expected = sides
    mib = (len(printed) + len(expected)) / MIB
    compare = Compare(kind, *bounds)
    seconds = least_cpu_seconds(lambda: equal(printed, expected, compare), times=times)
    rate = MILLISECONDS * seconds / mib
    return [str(kind), name, mib, rate, verdict(rate, BARS[kind])]


def _cases(kind: CompareKind, size: int) -> Iterator[tuple[str, Sides, tuple[float, float]]]:
    for name, (one, other) in _SIDES.items():
        times = size // max(len(one), len(other))
        # The last byte differs, so that no text is compared as a whole and found equal.
        yield name, (one * times + b"0", other * times + b"1"), (0.0, 0.0)
    yield "x, 64 Ki spaces, ...", _same((b"x" + b" " * 65535) * (size // 65536)), (0.0, 0.0)
    if kind is CompareKind.NUMBERS:
        for digits in (3, 5, 7):
            yield f"at the bound, {digits} digits", _at_the_bound(size, digits), (1.0, 0.0)
        yield "1 2", ((b"1 " * (size // 2)), (b"2 " * (size // 2))), (1.0, 0.0)


def _same(text: bytes) -> Sides:
    return text, text + b" "


def _at_the_bound(size: int, digits: int) -> Sides:
    numbers = random.Random(1)
    low, high = 10 ** (digits - 1), 10**digits - 1
    drawn = [numbers.randrange(low, high) for _ in range(size // (digits + 1))]
    return (
        " ".join(map(str, drawn)).encode(),
        " ".join(str(number + 1) for number in drawn).encode(),
    )


_SIDES: Final[dict[str, Sides]] = {
    "one word": (b"x", b"x"),
    "spaces": (b" ", b" "),
    "line feeds": (b"\n", b"\n"),
    "1 1 1": (b"1 ", b"1 "),
    "CR LF and LF": (b"1\r\n", b"1\n"),
    "three spaces at the ends": (b"1   \n", b"1\n"),
    "form feeds at the ends": (b"1\f\n", b"1\n"),
    "1 and 1.0": (b"1 ", b"1.0 "),
    "0 and 0e1": (b"0 ", b"0e1 "),
    "1e999999999": (b"1e999999999 ", b"1.0e999999999 "),
    "30 digits": (b"3" * 30 + b" ", b"3" * 30 + b".0 "),
    "100,000 digits": (b"3" * 100_000 + b" ", b"3" * 100_000 + b".0 "),
    "nan and NaN": (b"nan ", b"NaN "),
}
