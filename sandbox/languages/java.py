"""What a Java program's text says about its classes: which one to start, and how to name its file.

`java` starts a class by its full name, and `javac` wants a public class in a file of the same name
(JLS 7.6). Neither follows from the name that a submission gives its file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from sandbox.wire.types import File, Pod

_SUFFIX: Final = ".java"
_READ_BYTES: Final = 512 * 1024
"""Of all files together. Reading takes up to 0.2 s for each megabyte, before each run."""
_NOT_CODE: Final = re.compile(
    r"""
    //[^\n]* |
    /\*.*?(?:\*/|\Z) |
    \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z) |
    "(?:\\.|[^"\\\n])*"? |
    '(?:\\.|[^'\\\n])*'?
    """,
    re.DOTALL | re.VERBOSE,
)
"""Comments and literals.

Each alternative also matches what is not closed, so that the time grows no faster than the text.
"""
_NAME: Final = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_TOKEN: Final = re.compile(rf"{_NAME.pattern}|\S")
_TYPES: Final = frozenset({"class", "interface", "enum", "record"})


@dataclass(slots=True)
class JavaType:
    """A type at the top level of a file."""

    name: str
    public: bool
    starts: bool = False
    """It has a method `void main(`."""


@dataclass(frozen=True, slots=True)
class JavaFile:
    """What one file declares."""

    stem: str
    package: str
    types: Sequence[JavaType]

    @property
    def public(self) -> str | None:
        """The one type that gives the file its name."""
        return next((each.name for each in self.types if each.public), None)

    def to_start(self) -> str | None:
        """The type with a `main`, preferably the public one or the one named like the file."""
        able = [each for each in self.types if each.starts]
        able.sort(key=lambda each: (not each.public, each.name != self.stem))
        return able[0].name if able else None

    def full_name(self, name: str) -> str:
        return f"{self.package}.{name}" if self.package else name


def main_class(pod: Pod) -> str:
    """The full name of the class to start: the entrypoint's, or the first file's with a `main`.

    If no file has a `main`, it is the entrypoint's class, and Java reports that.
    """
    files = sorted(_java_files(pod), key=lambda file: file.name != pod.entrypoint)
    parsed = list(_parsed(files)) or [JavaFile(_stem(pod.entrypoint), "", ())]
    for each in parsed:
        if name := each.to_start():
            return each.full_name(name)
    return parsed[0].full_name(parsed[0].public or parsed[0].stem)


def with_fitting_name(pod: Pod) -> Pod:
    """Rename the file of a single-file program as javac requires."""
    files = _java_files(pod)
    name = parse(files[0]).public if len(files) == len(pod.files) == 1 else None
    if name is None:
        return pod
    fitting = str(PurePosixPath(pod.entrypoint).with_name(name + _SUFFIX))
    return replace(pod, files=(File(fitting, files[0].content),), entrypoint=fitting)


def _parsed(files: Sequence[File]) -> Iterator[JavaFile]:
    left = _READ_BYTES
    for file in files:
        yield parse(file, left)
        left = max(0, left - len(file.content))


def parse(file: File, most: int = _READ_BYTES) -> JavaFile:
    """Return what the first bytes of the file declare.

    Never fails: text that is not Java declares nothing.
    """
    text = file.content[:most].decode(errors="replace")
    tokens = _TOKEN.findall(_NOT_CODE.sub(" ", text))
    return JavaFile(_stem(file.name), _package(tokens), list(_types(tokens)))


def _package(tokens: Sequence[str]) -> str:
    if "package" not in tokens:
        return ""
    begin = tokens.index("package") + 1
    end = tokens.index(";", begin) if ";" in tokens[begin:] else begin
    return "".join(tokens[begin:end])


def _types(tokens: Sequence[str]) -> Iterator[JavaType]:
    depth, public, current = 0, False, None
    for index, token in enumerate(tokens):
        match token:
            case "{":
                depth += 1
            case "}":
                depth -= 1
                public = False
            case ";" if depth == 0:
                public = False
            case "public" if depth == 0:
                public = True
            case _ if depth == 0 and token in _TYPES and _is_name(tokens, index + 1):
                if current:
                    yield current
                current = JavaType(tokens[index + 1], public)
            case "main" if depth == 1 and current and _is_method(tokens, index):
                current.starts = True
    if current:
        yield current


def _is_name(tokens: Sequence[str], index: int) -> bool:
    """Whether a name follows; none does after the `.class` of an annotation's value."""
    return index < len(tokens) and _NAME.fullmatch(tokens[index]) is not None


def _is_method(tokens: Sequence[str], index: int) -> bool:
    return tokens[index - 1] == "void" and tokens[index + 1 : index + 2] == ["("]


def _java_files(pod: Pod) -> list[File]:
    return [file for file in pod.files if file.name.endswith(_SUFFIX)]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
