"""Reads programs from files and folders."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from podline.checking import checked
from podline.errors import InvalidArgument

_TOO_MUCH: Final = 64 * 1024 * 1024
"""Bytes of a program."""
_TOO_MANY: Final = 10_000
"""Files of a program."""
_LEFT_OUT: Final = "__pycache__"


@checked
def read_program(source: Path, entrypoint: str | None = None) -> tuple[dict[str, bytes], str]:
    """Read the file or folder, and return its files by name, and which of them is started.

    A file is itself the entrypoint. Of a folder with several files, `entrypoint` names one. Raises
    InvalidArgument if it doesn't, or as `read_folder` does, and OSError.
    """
    if not source.is_dir():
        return {source.name: read_file(source)}, entrypoint or source.name
    files = read_folder(source)
    if not files:
        raise InvalidArgument(f"{source} has no files, apart from those that are left out")
    if entrypoint is None and len(files) == 1:
        (entrypoint,) = files
    if entrypoint is None:
        raise InvalidArgument(f"{source} has {len(files)} files: name one as the entrypoint")
    if entrypoint not in files:
        raise InvalidArgument(f"{source} has no file {entrypoint!r} to be the entrypoint")
    return files, entrypoint


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read all files in a folder and the folders in it, by their paths relative to it.

    Files and folders whose names begin with a dot are left out, and so is `__pycache__`. Links to
    files in the folder are followed. Raises InvalidArgument for other links, for anything that is
    not a file, and for more than a service accepts. Raises OSError.
    """
    files: dict[str, bytes] = {}
    left = _TOO_MUCH
    for path in _paths(folder):
        content = read_file(path, left)
        left -= len(content)
        if len(files) == _TOO_MANY:
            raise InvalidArgument(f"{folder} has more files than any service accepts")
        files[path.relative_to(folder).as_posix()] = content
    return files


def read_file(path: Path, most: int = _TOO_MUCH) -> bytes:
    """Read the file, which may be a device or a pipe without an end. Raises OSError."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InvalidArgument(f"{path} is larger than any service accepts")
    return content


def text_if_utf8(content: bytes) -> str | bytes:
    """Return text if the bytes are UTF-8. Text is compared without white space at line ends."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _paths(folder: Path) -> Iterator[Path]:
    """Yield the path of each file, in a fixed order."""
    whole = folder.resolve()
    for name, folders, files in os.walk(folder, onerror=_raise):
        links = [each for each in folders if Path(name, each).is_symlink()]
        folders[:] = sorted(each for each in folders if _wanted(each) and each not in links)
        for path in (Path(name, each) for each in sorted(files + links) if _wanted(each)):
            _check(path, whole)
            yield path


def _wanted(name: str) -> bool:
    return not name.startswith(".") and name != _LEFT_OUT


def _check(path: Path, folder: Path) -> None:
    if not path.resolve().is_relative_to(folder):
        raise InvalidArgument(f"{path} is a link that leads out of the folder")
    if not stat.S_ISREG(path.stat().st_mode):
        raise InvalidArgument(f"{path} is not a file, and no link to one")


def _raise(error: OSError) -> None:
    raise error
