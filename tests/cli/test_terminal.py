"""What may reach a terminal, whatever it contains and wherever it is split."""

import json
import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.cli.terminal import Filter, escaped, escaped_block, escaped_json

COLOUR = re.compile("\x1b\\[[0-9:;]*m")
VISIBLE_FORMATS = set(
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
) | {chr(number) for number in range(0x13430, 0x13440)}
"""Joiners of Indic and Persian text and of emoji; signs of Arabic, Syriac, Kaithi and Egyptian."""

pieces = st.sampled_from(
    [
        *("\x1b[31m", "\x1b[0m", "\x1b[2J", "\x1b]0;title\x07", "\x1b[>4;2m", "\x1bP", "\x1b[6n"),
        *("\x9b31m", "\x9d0;x\x9c", "\r", "\n", "\r\n", "\t", "\x08", "\x7f", "\x00"),
        *("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "ä", "日本", "👩\u200d🚀", "\\x1b"),
    ]
)
outputs = st.lists(
    pieces.map(str.encode) | st.binary(max_size=4) | st.text(max_size=4).map(str.encode)
).map(b"".join)


def shown(content: bytes, cuts: list[int] | None = None) -> str:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts or []), len(content)]
    filter = Filter()
    return "".join(filter.feed(content[a:b]) for a, b in pairwise(edges)) + filter.finish()


def obeyed(text: str) -> set[str]:
    """Return the characters that a terminal does not just draw."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {char for char in text if unicodedata.category(char) in hidden} - VISIBLE_FORMATS


@given(outputs, st.lists(st.integers(0, 1000), max_size=5))
@example(b"\x1b[3", [])
@example(b"\x1b[" + b"1" * 100 + b"m", [])
@example("ä\x1b[31m".encode(), list(range(8)))
def test_a_terminal_gets_text_line_ends_tabs_and_colours(content: bytes, cuts: list[int]) -> None:
    text = shown(content, cuts)
    assert obeyed(COLOUR.sub("", text.replace("\r\n", "\n"))) <= {"\n", "\t"}
    assert text == shown(content), "where it was cut makes no difference"
    *_, last = [None, *COLOUR.findall(text)]
    assert last in (None, "\x1b[0m", "\x1b[m"), "what comes next has its own colours"


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]) | st.sampled_from("\n\t")))
@example("👩\u200d🚀 \x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mtrue\x1b[m\r\n")
def test_text_and_colours_are_not_changed(text: str) -> None:
    assert shown(text.encode()) == text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        (b"\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
        (b"progress 1%\rprogress 2%\n", "progress 1%\\rprogress 2%\n"),
        (b"\xff\xc3", r"\xff\xc3"),
        (b"\xc2\x9b31m", r"\x9b31m"),
        ("user\u202etxt.exe".encode(), r"user\u202etxt.exe"),
        (b"\x1b[31mred", "\x1b[31mred\x1b[0m"),
        (b"\x1b[>4;1m", r"\x1b[>4;1m"),
        (b"\x1b[" + b"1" * 65 + b"m", "\\x1b[" + "1" * 65 + "m"),
        (b"\x1b\x1b[31m\x1b", "\\x1b\x1b[31m\\x1b\x1b[0m"),
    ],
)
def test_what_is_shown_escaped(content: bytes, expected: str) -> None:
    assert shown(content) == expected


def test_text_is_not_held_back() -> None:
    filter = Filter()
    assert filter.feed(b"Name? \x1b[3") == "Name? "
    assert filter.feed(b"1mred") == "\x1b[31mred"


@given(st.text() | st.lists(pieces).map("".join))
def test_a_label_is_one_line_that_does_nothing(text: str) -> None:
    line = escaped(text)
    assert obeyed(line) == set()
    if not obeyed(text):
        assert line == text


@given(st.text())
def test_a_block_keeps_its_line_ends(text: str) -> None:
    assert obeyed(escaped_block(text)) <= {"\n", "\t"}
    assert escaped_block(text).count("\n") == text.count("\n")


@given(st.text() | st.lists(pieces).map("".join))
def test_json_stays_the_same_value(text: str) -> None:
    document = escaped_json(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert json.loads(document) == {text: [text]}
    assert obeyed(document) <= {"\n"}
