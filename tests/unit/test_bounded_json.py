"""The values in a JSON text are counted exactly, in short steps."""

import re
from itertools import count

from hypothesis import example, given
from hypothesis import strategies as st

from app.api import bounded_json

NAIVE = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
PARTS = [b'"', b"\\", b'\\"', b"[", b"{", b",", b"a", b"\xc3\xa9", b"\n"]
LONG = [b"a" * 300_000, b'\\"' * 5000, b"a" * 63 + b'\\"' * 3, b"," * 9]


def naive(body: bytes) -> list[int]:
    return [t.start() for t in NAIVE.finditer(body) if body[t.start()] != ord('"')]


@given(st.lists(st.sampled_from(PARTS * 3 + LONG), max_size=30).map(b"".join))
@example(b'"' + b"a" * 300_000 + b'",[1')
@example(b'"' + b"a" * 262_144 + b'",[1')
@example(b'"' + b"a" * 262_144)
@example(b'"' + b'\\"' * 4096 + b'",[1')
@example(b'"' + b"a" * 300_000 + b"\\")
def test_separators(body: bytes) -> None:
    assert list(bounded_json._separators(body)) == naive(body)


def test_no_step_is_long() -> None:
    """A regular expression holds up all threads while it searches."""
    for text in b"a" * 2_000_000, b"\\u0001" * 400_000, b"\\\\" * 1_000_000:
        body = b'["' + text + b'"]'
        ends = [token.end() for token in bounded_json._TOKENS.finditer(body)]
        assert ends[1] < 300_000


def test_values_are_counted() -> None:
    body = b'{"a": ["[,", "b"], "c": 1}'
    whole = {"a": ["[,", "b"], "c": 1}
    found = [bounded_json.parse(body, most) for most in range(1, 6)]
    first_whole = next(most for most in count(1) if found[most - 1][1])
    assert [is_whole for _, is_whole in found] == [most >= first_whole for most in range(1, 6)]
    assert found[first_whole - 1][0] == whole
