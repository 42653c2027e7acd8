"""Makes a folder with certain contents, and leaves in place what is right already.

So a daemon that starts again needs no space, which a full disk doesn't have.
"""

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from sandbox.private import OTHERS_WRITE, PUBLIC, make_folder

Tree: TypeAlias = dict[str, "Entry"]
Entry: TypeAlias = Tree | bytes | Path
"""A folder, a file's content, or the target of a symbolic link."""

_FILE: Final = 0o444


def make_tree(folder: Path, tree: Mapping[str, Entry]) -> None:
    """Make the folder, readable by every user. Raises NotPrivate and OSError.

    What others could write to until now is made anew.
    """
    others_wrote = make_folder(folder, PUBLIC)
    with os.scandir(folder) as entries:
        for found in list(entries):
            if others_wrote or not _is_right(found, tree.get(found.name)):
                _remove(found)
    for name, wanted in tree.items():
        _make(folder / name, wanted)


def tree_of(folder: Path) -> Tree:
    """A copy of the folder. Raises OSError."""
    return {path.name: _entry_of(path) for path in folder.iterdir()}


def _entry_of(path: Path) -> Entry:
    if path.is_symlink():
        return path.readlink()
    return tree_of(path) if path.is_dir() else path.read_bytes()


def _is_right(found: os.DirEntry[str], wanted: Entry | None) -> bool:
    """Whether it may stay. The contents of a folder are looked at later."""
    if isinstance(wanted, Path):
        return found.is_symlink() and Path(os.readlink(found)) == wanted
    if isinstance(wanted, bytes):
        return found.is_file(follow_symlinks=False) and _holds(found, wanted)
    return wanted is not None and found.is_dir(follow_symlinks=False)


def _holds(found: os.DirEntry[str], content: bytes) -> bool:
    status = found.stat(follow_symlinks=False)
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & OTHERS_WRITE
    return is_ours and status.st_size == len(content) and Path(found).read_bytes() == content


def _remove(found: os.DirEntry[str]) -> None:
    if found.is_dir(follow_symlinks=False):
        shutil.rmtree(found)
    else:
        os.unlink(found)


def _make(path: Path, wanted: Entry) -> None:
    """Make what is missing, and repair the modes of what is there."""
    if isinstance(wanted, dict):
        make_tree(path, wanted)
    elif isinstance(wanted, bytes):
        if not path.exists():
            path.write_bytes(wanted)
        if stat.S_IMODE(path.stat().st_mode) != _FILE:
            path.chmod(_FILE)
    elif not path.is_symlink():
        path.symlink_to(wanted)
