"""Patterns of artifacts fit the names that git would ignore, and no hostile one takes long."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.artifacts.patterns import Patterns


@pytest.mark.parametrize(
    ("patterns", "wanted", "not_wanted"),
    [
        (["*.png"], ["a.png", "out/b.png", ".png"], ["a.jpg", "a.png.txt"]),
        (["out/*.png"], ["out/a.png"], ["a.png", "out/b/a.png", "b/out/a.png"]),
        (["/a"], ["a", "a/b"], ["b/a"]),
        (["out/"], ["out/a", "b/out/c/d"], ["out", "b/out"]),
        (["out/**"], ["out/a", "out/b/c"], ["out", "b/out/a"]),
        (["**/a/b"], ["a/b", "x/y/a/b", "a/b/c"], ["a/x/b"]),
        (["a/**/b"], ["a/b", "a/x/y/b"], ["a/xb", "x/a/b"]),
        (["*", "!*.log"], ["a.txt"], ["a.log"]),
        (["out/", "!out/a"], ["out/a"], []),
        (["!a", "a"], ["a"], []),
        (["[a-c]?[!0-9]"], ["abc", "b-x"], ["ab1", "abcd", "dbc"]),
        ([r"\!a", r"\#b", r"c\*"], ["!a", "#b", "c*"], ["a", "cc"]),
        (["a\\ ", "b "], ["a ", "b"], ["a", "b "]),
        (["#a", "", "!", "/"], [], ["#a", "a", "!"]),
        (["[", "[a", "x\\"], [], ["[", "a", "[a", "x", "x\\"]),
        (["[[:digit:][:upper:]]"], ["7", "Q"], ["q", ":"]),
        (["ä?ö"], ["äüö"], ["äö"]),
        (["\udcff*"], ["\udcff\udcfe"], ["a"]),
    ],
)
def test_examples(patterns: list[str], wanted: list[str], not_wanted: list[str]) -> None:
    found = Patterns(patterns)
    assert [name for name in [*wanted, *not_wanted] if found.want(name)] == wanted


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def ignored_by_git(repository: Path, patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    (repository / ".git/info/exclude").write_text("\n".join(patterns) + "\n")
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=repository,
        input="\0".join(names),
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return [name for name in done.stdout.split("\0") if name]


pieces = st.sampled_from(
    [
        *("a", "b", ".", "/", "*", "**", "?", "/**/", "**/", "-", " ", "!", "#", "[", "]"),
        *("[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[[:alpha:]]", r"\a", r"\*"),
    ]
)
DIFFERS = re.compile(r"[^/]\*\*|\*\*[^/]|\[[^]]*/")
"""Git compares what is before the first wildcard first, so that its `a**/b` fits `a/x/b`; and it
looks for the end of a set beyond a slash.
"""
patterns = st.lists(pieces, min_size=1, max_size=6).map("".join)
patterns = patterns.filter(lambda text: not DIFFERS.search(text))
parts = st.text("abc.- *", min_size=1, max_size=3).filter(lambda part: part.strip(".") != "")
names = st.lists(parts, min_size=1, max_size=4).map("/".join)


@given(patterns=st.lists(patterns, min_size=1, max_size=3), names=st.lists(names, unique=True))
@example(patterns=["a/", "!a/b"], names=["a/b", "a", "b/a/b"])
@example(patterns=["a*", "!a/"], names=["a/b", "ab"])
@example(patterns=["**/a/**/b/**"], names=["a/b/c", "a/b", "c/a/c/b/c"])
def test_as_git_does(repository: Path, patterns: list[str], names: list[str]) -> None:
    found = Patterns(patterns)
    ours = [name for name in names if found.want(name)]
    assert ours == ignored_by_git(repository, patterns, names)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a" * 90 + "b", "a" * 255),
        ("*" * 199 + "b", "a" * 255),
        ("**/" * 60 + "b", "a/" * 100 + "a"),
        ("**/a/" * 39 + "b", "a/" * 100 + "a"),
        ("*a*/" * 49 + "b", "aaaa/" * 100 + "a"),
    ],
)
def test_no_pattern_takes_long(pattern: str, name: str) -> None:
    found = Patterns([pattern])
    began = time.process_time()
    for number in range(100):
        assert not found.want(f"{number}/{name}")
    assert time.process_time() - began < 1


def test_folders_are_not_looked_at_again_for_each_file() -> None:
    found = Patterns(["**/*a*b"] * 32)
    began = time.process_time()
    for number in range(200):
        assert not found.want("d/" * 60 + f"{number}/" + "x")
    assert time.process_time() - began < 1
