"""Folders with tests, in the forms that judges use."""

from pathlib import Path

import pytest

from podline import InvalidArgument, read_tests


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["2.in", "2.out", "10.in", "10.ans", "notes.txt"], ["2", "10"]),
        (["b.in", "b.out", "a.in", "a.out"], ["a", "b"]),
        (["input/1.txt", "output/1.txt", "input/2.txt", "output/2.txt"], ["1", "2"]),
        (["input/input01.txt", "output/output01.txt"], ["01"]),
        (["input/a/1", "output/a/1.ans"], ["a/1"]),
        (
            ["data/sample/1.in", "data/sample/1.ans", "data/secret/g/2.in", "data/secret/g/2.ans"],
            ["sample/1", "secret/g/2"],
        ),
        (["sample/1.in", "sample/1.ans", "other/1.in"], ["sample/1"]),
        (["secret/1.in", "secret/1.ans"], ["secret/1"]),
    ],
)
def test_pairs_are_found_in_order(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    found = read_tests(fill(tmp_path, *names))
    assert [test["name"] for test in found] == expected
    printed = {test["expected_output"] for test in found}
    assert printed <= {name for name in names if "out" in name or name.endswith(".ans")}


def test_bytes_that_are_no_text_are_compared_exactly(tmp_path: Path) -> None:
    (tmp_path / "1.in").write_bytes(b"\xff")
    (tmp_path / "1.out").write_bytes(b"\xfe")
    (test,) = read_tests(tmp_path)
    assert (test["stdin"], test["expected_output"]) == (b"\xff", b"\xfe")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="is not a folder"):
        read_tests(tmp_path / "missing")
