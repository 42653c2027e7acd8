"""Each kind of comparison agrees with a naive one that is easy to believe."""

import tracemalloc
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.compare import Compare, CompareKind, equal, lines, tokens, white_space
from app.domain.compare.kinds import EXACT, LINES
from app.domain.compare.numbers import LONGEST

TOKENS = Compare(CompareKind.TOKENS)
MARK = "\ufeff".encode()
SPACE = b" \t\n\r\v\f"

texts = st.lists(
    st.sampled_from([b"a", b"b", b" ", b"\n", b"\r\n", b"\t", b"\v", b"\f", b"\xff", b"\x1c", MARK])
    | st.integers(1, 9).map(lambda size: b" " * size),
    max_size=30,
).map(b"".join)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two texts, often the same but for white space."""
    one = draw(texts)
    if draw(st.booleans()):
        return one, draw(texts)
    blank = st.sampled_from([b" ", b"\n", b" \n", b"\r\n", b"", b"  "])
    other = b"".join(
        draw(blank) if byte in SPACE and draw(st.booleans()) else bytes([byte]) for byte in one
    )
    return one, other + draw(blank)


@pytest.fixture(params=[1, 2, 3, 7, white_space.PIECE])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces so small that texts have many of them, and the real ones."""
    for module in (white_space, lines, tokens):
        monkeypatch.setattr(module, "PIECE", request.param)


def naive_lines(text: bytes) -> list[bytes]:
    """What releases before this comparison did."""
    found = [line.rstrip() for line in text.split(b"\n")]
    while found and not found[-1]:
        found.pop()
    return found


def naive_same_lines(printed: bytes, expected: bytes) -> bool:
    return naive_lines(printed) == naive_lines(expected) or (
        expected.startswith(MARK)
        and naive_lines(printed) == naive_lines(expected.removeprefix(MARK))
    )


def agrees(naive: Callable[[bytes, bytes], bool], compare: Compare, one: bytes, two: bytes) -> None:
    assert equal(one, two, compare) is naive(one, two)
    assert equal(two, one, compare) is naive(two, one)


@pytest.mark.usefixtures("piece")
@given(pairs())
@example((b"a", MARK + b"a"))
@example((MARK + b"a", MARK + b"a"))
@example((b"a \xa0", b"a"))
@example((b" a", b"a"))
@example((b"a" + b" " * 20 + b"b", b"a" + b" " * 20 + b"b"))
@example((b"a" + b" " * 20 + b"b", b"a" + b" " * 19 + b"b"))
@example((b"a" + b" " * 20 + b"\nb", b"a\nb"))
def test_lines(pair: tuple[bytes, bytes]) -> None:
    agrees(naive_same_lines, LINES, *pair)


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("space", [b" ", b"\t", b"\r", b"\v", b"\f"])
def test_any_white_space_counts_within_lines_and_not_at_their_ends(space: bytes) -> None:
    for count in (1, 3, 20):
        assert equal(b"a" + space * count + b"\nb", b"a\nb", LINES)
        assert not equal(b"a" + space * count + b"b", b"ab", LINES)
        assert not equal(space * count + b"a", b"a", LINES)


@pytest.mark.usefixtures("piece")
@given(pairs())
@example((b"a", b" a"))
@example((b"ab", b"a b"))
@example((b"aaaaaaaaaa b", b"aaaaaaaaaa\nb"))
def test_tokens(pair: tuple[bytes, bytes]) -> None:
    agrees(lambda one, two: one.split() == two.split(), TOKENS, *pair)


@given(pairs())
def test_exact(pair: tuple[bytes, bytes]) -> None:
    agrees(lambda one, two: one == two, EXACT, *pair)


# numbers

digits = st.text("0123456789", min_size=1, max_size=20)
decimals = st.builds(
    lambda sign, whole, rest, exponent: sign + whole + rest + exponent,
    st.sampled_from(["", "-", "+"]),
    digits,
    st.just("") | digits.map(lambda text: "." + text) | st.just("."),
    st.just("") | st.integers(-40, 40).map(lambda exponent: f"e{exponent}"),
)
words = st.one_of(
    decimals,
    st.integers(-20, 20).map(str),
    st.floats(-100, 100).map(repr),
    st.floats(-100, 100).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["nan", "NaN", "-nan", "inf", "-inf", "Infinity", "+inf", "INF", "-0", "0e9"]),
    st.sampled_from(["x", "1_0", "0x10", "1e", ".", "1,5", "--1", "1e5_0", "٣"]),
)
bounds = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 2.0, 1e30]) | st.floats(0, 1e6)


def naive_number(word: str) -> Fraction | str | None:
    """A number, `nan`, `inf` or `-inf`; None for other words."""
    try:
        number = Decimal(word)
    except InvalidOperation:
        return None
    if "_" in word or not word.isascii():
        return None
    if number.is_nan():
        return "nan"
    return str(number).lower()[:4].rstrip("i") if number.is_infinite() else Fraction(number)


def naive_allows(printed: str, expected: str, absolute: float, relative: float) -> bool:
    one, other = naive_number(printed), naive_number(expected)
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        allowed = max(Fraction(repr(absolute)), Fraction(repr(relative)) * abs(other))
        return abs(one - other) <= allowed
    return one is not None and one == other


@given(st.lists(st.tuples(words, words), max_size=3), bounds, bounds)
@example([("0.3", "0.2")], 0.1, 0.0)
@example([("0.4", "0.3")], 0.1, 0.0)
@example([("11", "10")], 0.0, 0.1)
@example([("10", "11")], 0.0, 0.1)
@example([("1e-400", "0")], 0.0, 0.0)
@example([("0", "-0")], 0.0, 0.0)
@example([("0", "0e0")], 0.0, 0.0)
@example([("1", "1e-00")], 0.0, 0.0)
@example([("9007199254740993", "9007199254740992")], 0.0, 0.0)
@example([("1e400", "1e400")], 0.0, 0.0)
@example([("inf", "1e999")], 1e300, 1.0)
def test_numbers(pair: list[tuple[str, str]], absolute: float, relative: float) -> None:
    compare = Compare(CompareKind.NUMBERS, absolute, relative)
    printed = " ".join(one for one, _ in pair).encode()
    expected = "\n".join(other for _, other in pair).encode()

    assert equal(printed, expected, compare) is all(
        one == other or naive_allows(one, other, absolute, relative) for one, other in pair
    )


@given(st.integers(-(10**15), 10**15), st.integers(0, 6), st.integers(-2, 2))
def test_numbers_at_the_bound(number: int, places: int, beyond: int) -> None:
    """A difference of exactly the bound is allowed, and one more digit of difference is not."""
    absolute, step = 0.1, Decimal(1).scaleb(-places - 2)
    one = Decimal(number).scaleb(-places)
    other = one + Decimal("0.1") + beyond * step
    assert equal(
        str(other).encode(), str(one).encode(), Compare(CompareKind.NUMBERS, absolute)
    ) is (beyond <= 0)


@pytest.mark.parametrize(
    ("printed", "expected", "compare", "same"),
    [
        ("1e999999999", "1.0e999999999", (0, 0), True),
        ("1e999999999", "1e-999999999", (1e300, 1e300), False),
        ("1e-999999999", "-1e-999999999", (1e-9, 0), True),
        ("1e999999999999999999999", "1e999999999999999999999", (0, 0), True),
        ("1e999999999999999999999", "1.0e999999999999999999999", (1, 1), False),
        ("2e999999999", "1e999999999", (0, 1), True),
        ("10000000000.0", "1e-999999999", (1e10, 0), True),
        ("10000000000.0", "-1e-999999999", (1e10, 0), False),
        ("1e00000000000000000000000000000001", "10", (0, 0), True),
        ("7" * 10**6, "7" * 10**6 + ".0", (0, 0), True),
        ("7" * 10**6, "7" * (10**6 - 1) + "8", (0, 0), False),
        ("7" * 10**6, "7" * (10**6 - 1) + "8", (0, 1e-9), True),
        ("0." + "0" * 10**6 + "1", "0", (1e-300, 0), True),
        ("7" * LONGEST + ".", "7" * LONGEST, (1, 1), False),
    ],
)
def test_numbers_of_any_size(
    printed: str, expected: str, compare: tuple[float, float], same: bool
) -> None:
    kind = Compare(CompareKind.NUMBERS, *map(float, compare))
    assert equal(printed.encode(), expected.encode(), kind) is same


SIZE = 256 * 1024
SIDES = {
    "one word": (b"x" * SIZE + b"\n", b"x" * SIZE + b" "),
    "a word between others": (b"a " + b"x" * SIZE + b" b", b"a\n" + b"x" * SIZE + b" b"),
    "spaces": (b" " * SIZE, b"\n" * SIZE),
    "spaces between letters": (b"a" + b" " * SIZE + b"a", b"a" + b" " * SIZE + b"a"),
    "short words": (b"1 " * (SIZE // 2), b"1\n" * (SIZE // 2)),
    "other numbers": (b"12345678.0 " * (SIZE // 11), b"12345678\n" * (SIZE // 11)),
    "short lines": (b"1 \n" * (SIZE // 3), b"1\n" * (SIZE // 3)),
    "different ends of lines": (b"\v\f\n" * (SIZE // 3), b"\n" * (SIZE // 3)),
    "with a mark": (b"a\n" * (SIZE // 2), MARK + b"a\n" * (SIZE // 2)),
}


@pytest.mark.parametrize("kind", CompareKind)
@pytest.mark.parametrize("sides", SIDES)
def test_memory_stays_below_three_times_the_larger_side(kind: CompareKind, sides: str) -> None:
    one, other = SIDES[sides]
    tracemalloc.start()
    try:
        equal(one, other, Compare(kind))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * SIZE


@pytest.mark.parametrize(
    ("printed", "expected", "absolute", "same"),
    [
        (b"inf", b"-inf", 1, False),
        (b"-inf", b"-INFINITY", 1, True),
        (b"nan", b"-NaN", 0, True),
        (b"nan", b"inf", 1, False),
        (b"1_0", b"10", 1, False),
        (b"10", b"1_0", 1, False),
        # 0.1 is more than the bound, but the difference of the floats is less.
        (b"0.9", b"1", 0.09999999999999999, False),
    ],
)
def test_numbers_that_floats_alone_would_get_wrong(
    printed: bytes, expected: bytes, absolute: float, same: bool
) -> None:
    compare = Compare(CompareKind.NUMBERS, absolute=absolute)
    assert equal(printed, expected, compare) is same
