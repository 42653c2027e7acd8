"""How the lines about files are read, even if they are truncated, out of order or forged."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from app.domain.artifact import Collected, CollectedFile, LeftOut
from app.infrastructure.kubernetes.collected import Files, parse_files
from app.infrastructure.kubernetes.end_record import Broken
from app.infrastructure.kubernetes.transcript import frames_after, parse_transcript
from sandbox.artifacts import rules


def a_line(kind: str, said: object) -> bytes:
    return json.dumps({kind: said}).encode()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def left_out(why: str, path: bytes = b"x", **numbers: int) -> bytes:
    given = {"number": 1, "room": 2, "most": 3} | numbers
    return a_line("left_out", {"why": why, **given, "path": encoded(path)})


def a_file(path: bytes, *pieces: bytes, size: int | None = None) -> list[bytes]:
    size = sum(map(len, pieces)) if size is None else size
    about = a_line("file", {"bytes": size, "path": encoded(path)})
    return [about, *(a_line("content", encoded(piece)) for piece in pieces)]


def the_end(files: int = 0, left_out: int = 0, **facts: Any) -> bytes:
    given = {"files": files, "left_out": left_out, "more": 0, "complete": True}
    return a_line("artifacts", given | facts)


COMPLETE: Sequence[bytes] = (
    left_out("too large", number=9),
    *a_file(b"a/\xc3\xa4", b"12", b"\xff"),
    *a_file(b"b"),
    left_out("not a file", b"c"),
    the_end(files=2, left_out=2, more=5, complete=False),
)


def test_what_was_collected() -> None:
    found = parse_files(COMPLETE)
    assert found
    assert found.contents == (b"12\xff", b"")
    assert found.collected.files == (CollectedFile("a/ä", 3), CollectedFile("b", 0))
    *named, counted, not_all = found.collected.left_out
    assert named == [
        LeftOut("x", "it has 9 bytes; 2 of 3 are left for it"),
        LeftOut("c", rules.NOT_A_FILE),
    ]
    assert counted.reason == "5 more files"
    assert "too many files" in not_all.reason


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("not a file", rules.NOT_A_FILE),
        ("bad name", rules.BAD_NAME),
        ("long name", rules.long_name(1)),
        ("too many", rules.too_many(1)),
        ("too large", rules.too_large(1, 2, 3)),
    ],
)
def test_reasons_are_those_of_a_jail(why: str, reason: str) -> None:
    found = parse_files([left_out(why), the_end(left_out=1)])
    assert found == Files(Collected(left_out=(LeftOut("x", reason),)), ())


def test_all_files_were_lost() -> None:
    (gone,) = (LeftOut(rules.GONE.name, rules.GONE.reason),)
    assert parse_files([a_line("artifacts", None)]) == Files(Collected(left_out=(gone,)), ())


@pytest.mark.parametrize("missing", range(len(COMPLETE)))
def test_without_any_of_the_lines_that_are_needed_nothing_is_said(missing: int) -> None:
    lines = [line for number, line in enumerate(COMPLETE) if number != missing]
    try:
        assert parse_files(lines) is None
    except IndexError:  # contents of no file
        assert missing == 1


@pytest.mark.parametrize(
    "lines",
    [
        [*COMPLETE, *a_file(b"d")],
        [the_end(), the_end()],
        [a_line("content", encoded(b"x"))],
        a_file(b"../a"),
        a_file(b"/a"),
        a_file(b"a//b"),
        a_file(b"a/."),
        a_file(b""),
        a_file(b"a\0b"),
        [a_line("file", {"bytes": 1})],
        [a_line("file", {"bytes": 1, "path": "%"})],
        [*a_file(b"a"), a_line("content", "%")],
        [left_out("unheard of")],
        [*a_file(b"\xff"), the_end(files=1)],
        [b'{"file": '],
    ],
)
def test_what_no_collector_writes(lines: Sequence[bytes]) -> None:
    with pytest.raises(Broken, match="not a line about a file"):
        parse_transcript(b"".join(line + b"\n" for line in lines))


def test_a_size_that_is_not_that_of_the_contents() -> None:
    assert parse_files([*a_file(b"a", b"12", size=3), the_end(files=1)]) is None


def test_the_last_lines_of_a_log_may_begin_within_a_file() -> None:
    assert frames_after(0, b"\n".join([a_line("content", encoded(b"x")), the_end(), b""])) is None
