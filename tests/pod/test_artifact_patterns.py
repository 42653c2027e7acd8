"""The collector decides about names as the daemon does, bytes that are no text included."""

import ctypes
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.artifacts.patterns import Patterns
from sandbox.artifacts.words import encode_patterns
from sandbox.init.protocol import INIT

Wants = Callable[[Sequence[str], Sequence[bytes]], list[bytes]]

SOURCE = INIT.parents[1] / "collector" / "patterns.c"


@pytest.fixture(scope="module")
def wants(tmp_path_factory: pytest.TempPathFactory) -> Wants:
    library = tmp_path_factory.mktemp("library") / "patterns.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        pytest.skip("no C compiler is installed")
    function = ctypes.CDLL(str(library)).wants

    def wants(patterns: Sequence[str], names: Sequence[bytes]) -> list[bytes]:
        words = encode_patterns(patterns)
        function(words, b"")  # forgets the folders that other patterns decided about
        return [name for name in names if function(words, name)]

    return wants


pieces = st.sampled_from(
    [
        *("a", "b", "ä", ".", "/", "*", "**", "?", "/**/", "**/", "-", " ", "!", "#", "[", "]"),
        *("[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[[:alpha:]]", "[[:a", "[b-a]", r"\a", r"\*"),
    ]
)
patterns = st.lists(pieces, min_size=1, max_size=8).map("".join)
parts = st.one_of(
    st.text("abcä.- *", min_size=1, max_size=4).map(str.encode),
    st.binary(min_size=1, max_size=4),
    st.sampled_from([b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]),
)
parts = parts.filter(lambda part: not {*b"\0/"} & {*part})
names = st.lists(parts, min_size=1, max_size=4).map(b"/".join)


@settings(deadline=None, max_examples=400)
@given(patterns=st.lists(patterns, min_size=1, max_size=3), names=st.lists(names, max_size=8))
@example(patterns=["a/", "!a/b"], names=[b"a/b", b"a", b"b/a/b"])
@example(patterns=["*a*ab*", "!**/b/*"], names=[b"aaab", b"a/b/aab", b"a/b/c"])
@example(patterns=["?"], names=["ä".encode(), "\U0001f600".encode(), b"\xff", b"\xc3\xa4\xa4"])
@example(patterns=["[\udc80-\udcff]?"], names=[b"\xff\xfe", b"\xed\xa0\x80"])
def test_as_the_daemon_does(wants: Wants, patterns: list[str], names: list[bytes]) -> None:
    found = Patterns(patterns)
    expected = [name for name in names if found.want(name.decode(errors="surrogateescape"))]
    assert wants(patterns, names) == expected


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a" * 90 + "b", "a" * 255),
        ("*" * 199 + "b", "a" * 255),
        ("*" + "a" * 100 + "b", "a" * 255),
        ("**/" * 60 + "b", "a/" * 100 + "a"),
        ("**/a/" * 39 + "b", "a/" * 100 + "a"),
        ("*a*/" * 49 + "b", "aaaa/" * 100 + "a"),
    ],
)
def test_no_pattern_takes_long(wants: Wants, pattern: str, name: str) -> None:
    names = [f"{number}/{name}".encode() for number in range(100)]
    began = time.process_time()
    assert wants([pattern], names) == []
    assert time.process_time() - began < 1
