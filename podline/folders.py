"""Reads the tests of a problem from a folder, in the forms that judges use."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from podline.checking import checked
from podline.errors import InvalidArgument
from podline.sources import text_if_utf8
from podline.submission import Test

_ANSWERS: Final = (".out", ".ans")
_PARTS_OF_KATTIS: Final = ("sample", "secret")
_NUMBER: Final = re.compile(r"([0-9]+)")


@checked
def read_tests(folder: Path) -> list[Test]:
    """Find the pairs of input and expected output, in the order of their names.

    `1.in` with `1.out` or `1.ans`; `input/1.txt` with `output/1.txt`, whatever their suffixes; and
    Kattis' `data/sample` and `data/secret`. Raises InvalidArgument if there are none, or if one has
    no expected output, and OSError.
    """
    pairs = _pairs(folder)
    if not pairs:
        raise InvalidArgument(
            f"{folder} has no tests: expected pairs such as 1.in and 1.out, the folders input and "
            "output, or data/sample and data/secret"
        )
    return [
        Test(
            name=name,
            stdin=pairs[name][0].read_bytes(),
            expected_output=text_if_utf8(pairs[name][1].read_bytes()),
        )
        for name in sorted(pairs, key=_naturally)
    ]


def _pairs(folder: Path) -> Mapping[str, tuple[Path, Path]]:
    if not folder.is_dir():
        raise InvalidArgument(f"{folder} is not a folder")
    for data in (folder / "data", folder):
        if any((data / part).is_dir() for part in _PARTS_OF_KATTIS):
            return dict(_of_kattis(data))
    if (folder / "input").is_dir() and (folder / "output").is_dir():
        return dict(_of_two_folders(folder / "input", folder / "output"))
    return dict(_beside_each_other(folder, folder.glob("*.in")))


def _of_kattis(data: Path) -> Iterator[tuple[str, tuple[Path, Path]]]:
    for part in _PARTS_OF_KATTIS:
        yield from _beside_each_other(data, (data / part).rglob("*.in"))


def _beside_each_other(
    folder: Path, inputs: Iterator[Path]
) -> Iterator[tuple[str, tuple[Path, Path]]]:
    for input in inputs:
        answers = (input.with_suffix(suffix) for suffix in _ANSWERS)
        answer = next((each for each in answers if each.is_file()), None)
        if answer is None:
            raise InvalidArgument(f"{input} has no expected output: add {input.stem}.out or .ans")
        yield input.relative_to(folder).with_suffix("").as_posix(), (input, answer)


def _of_two_folders(inputs: Path, outputs: Path) -> Iterator[tuple[str, tuple[Path, Path]]]:
    answers = {_key(path, outputs): path for path in outputs.rglob("*") if path.is_file()}
    for path in inputs.rglob("*"):
        if path.is_file():
            name = _key(path, inputs)
            if name not in answers:
                raise InvalidArgument(f"{path} has no expected output in {outputs}")
            yield name, (path, answers[name])


def _key(path: Path, folder: Path) -> str:
    """The name without suffix, and without the words that tell input from output."""
    name = path.relative_to(folder).with_suffix("").as_posix()
    return name.replace("input", "").replace("output", "") or name


def _naturally(name: str) -> list[tuple[int, str]]:
    """`2` comes before `10`; Kattis' samples come before its secret tests."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(name) if part
    ]
