"""Requirements of Python packages, from a command line and from files as pip has them.

Only names, extras, versions, markers and hashes are taken. What pip also allows could read any file
or name another index (https://pip.pypa.io/en/stable/reference/requirements-file-format/).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Requirement

_HASH: Final = re.compile(r"--hash=(sha(?:256|384|512):[0-9a-f]{64,128})")
DEPENDENCY: Final = "  # dependency"
"""What ends a line of a lock file if nobody asked for the package itself."""
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def requirement(text: str) -> Requirement:
    """Raises PackagesError."""
    try:
        parsed = Parsed(text)
    except InvalidRequirement:
        raise PackagesError(
            f"{text!r} is not a package: write a name such as numpy, or numpy==2.1.3"
        ) from None
    if parsed.url:
        raise PackagesError(f"{text!r}: addresses and paths are not possible, only names")
    return Requirement(canonicalize_name(parsed.name), str(parsed))


def requirements_of(path: Path) -> list[Requirement]:
    """Raises PackagesError, which names the line, and OSError."""
    try:
        return requirements_in(_decoded(path.read_bytes()))
    except PackagesError as error:
        raise PackagesError(f"{path}, {error}") from None


def requirements_in(text: str) -> list[Requirement]:
    """Raises PackagesError, which names the line."""
    found = []
    for number, line in _logical_lines(text):
        try:
            asked = _with_hashes(_COMMENT.sub("", line))
            found.append(replace(asked, is_dependency=line.endswith(DEPENDENCY)))
        except PackagesError as error:
            raise PackagesError(f"line {number}: {error}") from None
    return found


def _decoded(content: bytes) -> str:
    """UTF-8, unless a byte order mark says otherwise: PowerShell's `>` writes UTF-16."""
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    return content.decode(encoding, errors="replace")


def has_hashes(requirement: Requirement) -> bool:
    return "--hash=" in requirement.text


def without_hashes(requirement: Requirement) -> Requirement:
    return replace(requirement, text=_HASH.sub("", requirement.text).rstrip())


def _with_hashes(line: str) -> Requirement:
    parts = line.split()
    hashes = [part for part in parts if _HASH.fullmatch(part)]
    rest = [part for part in parts if not _HASH.fullmatch(part)]
    if rest and rest[0].startswith("-"):
        raise PackagesError(f"{rest[0]!r}: options are not possible: set them in pip's own files")
    found = requirement(" ".join(rest))
    return Requirement(found.name, " ".join([found.text, *hashes]))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that have more than a comment, each with the number of its last physical line."""
    begun = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        whole, begun = (begun + line).strip(), ""
        if _COMMENT.sub("", whole):
            yield number, whole
    if _COMMENT.sub("", rest := begun.strip()):
        yield len(text.splitlines()), rest
