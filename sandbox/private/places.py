"""Creates and repairs places that belong to this account alone.

An existing place is opened with O_PATH. That neither waits for the other end of a FIFO nor gives up
SQLite's locks when it is closed (https://www.sqlite.org/howtocorrupt.html, 2.2). What was checked
is also what is changed, whatever the path leads to by then.
"""

import errno
import os
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from sandbox.private.refusals import (
    OTHERS_WRITE,
    refuse,
    refuse_folder_of_other_things,
    refuse_links_of_others,
    refuse_open_parents,
    refuse_what_is_not_ours,
)

_UMASK: Final = 0o077
_OWNER_ONLY: Final = 0o700
PUBLIC: Final = 0o755
FOR_JAILS: Final = "builds"
"""The one folder below a data folder that stays open to others, for jails of a root daemon."""

_READ_AND_WRITE: Final = stat.S_IRUSR | stat.S_IWUSR
_OF_SQLITE: Final = ("", "-wal", "-shm", "-journal")


def set_umask() -> None:
    """Set the umask of this process and its children. Call it first."""
    os.umask(_UMASK)


def make_folder(path: Path, mode: int = _OWNER_ONLY) -> bool:
    """Create the folder with missing parents, or repair its mode. Raises NotPrivate and OSError.

    Returns True if others could write to it until now: its contents may be theirs.
    """
    path = path.absolute()
    if not path.parent.exists():
        make_folder(path.parent, mode)
    refuse_open_parents(path)
    with suppress(FileExistsError):
        path.mkdir(mode)
    with _opened(path) as file:
        found = os.fstat(file)
        refuse_what_is_not_ours(path, found)
        if not stat.S_ISDIR(found.st_mode):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        _set_mode(path, file, mode)
    return bool(found.st_mode & OTHERS_WRITE)


def make_data_folder(path: Path, ours: Container[str]) -> None:
    """Create the folder, or close it with all its contents. Raises NotPrivate and OSError.

    `ours` are the names of what it holds.
    """
    _take_over_new_volume(path)
    if path.is_dir():
        refuse_folder_of_other_things(path, ours)
    make_folder(path)
    _close_all(path, ours)


def make_shared_folder(path: Path) -> bool:
    """Create a folder for a socket. Raises NotPrivate and OSError.

    Returns True if it is shared with its group: others have no access, or it is setgid.
    """
    _take_over_new_volume(path)
    if not os.path.lexists(path):
        make_folder(path)
    with _opened(path) as file:
        mode = stat.S_IMODE(os.fstat(file).st_mode)
    shared = bool(mode & stat.S_IWGRP and (not mode & stat.S_IRWXO or mode & stat.S_ISGID))
    make_folder(path, mode & ~stat.S_IRWXO if shared else _OWNER_ONLY)
    return shared


def close_database(path: Path) -> None:
    """Close a SQLite file and the files beside it to others. Raises NotPrivate and OSError.

    SQLite creates missing files, with the mode of the database or by the umask.
    """
    if path.absolute().parent.exists():
        refuse_open_parents(path.absolute(), sticky_suffices=False)
    for suffix in _OF_SQLITE:
        with suppress(FileNotFoundError):
            close_file(Path(f"{path}{suffix}"))


def close_file(path: Path) -> None:
    """Repair the file's mode. Raises NotPrivate and OSError."""
    with _opened(path) as file:
        found = os.fstat(file)
        refuse_what_is_not_ours(path, found)
        if stat.S_ISDIR(found.st_mode):
            refuse(path, "is a folder", "mv {} {}.old")
        _set_mode(path, file, found.st_mode & _OWNER_ONLY | _READ_AND_WRITE)


def touch(path: Path) -> None:
    """Create the file, or update its modification time. Raises NotPrivate and OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(path, flags, _READ_AND_WRITE)
    try:
        refuse_what_is_not_ours(path, os.fstat(file))
        _set_mode(path, file, _READ_AND_WRITE)
        os.utime(file)
    finally:
        os.close(file)


def _close_all(folder: Path, ours: Container[str] = ()) -> None:
    """Leave links of this account alone, unless they have the name of a file that is written to."""
    for entry in list(os.scandir(folder)):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if entry.name == FOR_JAILS:
                _keep_for_jails(path, entry.stat())
                continue
            make_folder(path)
            _close_all(path)
            continue
        with suppress(FileNotFoundError):  # a running service may remove it
            if entry.is_symlink() and entry.name not in ours:
                refuse_links_of_others(path)
            else:
                close_file(path)


def _keep_for_jails(folder: Path, found: os.stat_result) -> None:
    """Leave it readable. What others may have put there must not reach a jail."""
    if found.st_mode & OTHERS_WRITE:
        refuse(folder, "can be written to by other users, so can't be trusted", "rm -r {}")
    make_folder(folder, PUBLIC)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _by_descriptor(file: int) -> str:
    return f"/proc/self/fd/{file}"


def _take_over_new_volume(path: Path) -> None:
    """Take over a container's volume: it belongs to the image's user, even if root runs in it."""
    if os.geteuid() == 0 and path.is_mount() and not os.listdir(path):
        os.chown(path, 0, -1)


def _set_mode(path: Path, file: int, mode: int) -> None:
    if stat.S_IMODE(os.fstat(file).st_mode) == mode:
        return
    try:
        os.chmod(_by_descriptor(file), mode)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EROFS, errno.EOPNOTSUPP):
            raise
        _refuse_mode(path)
    if stat.S_IMODE(os.fstat(file).st_mode) != mode:
        _refuse_mode(path)


def _refuse_mode(path: Path) -> NoReturn:
    """Raise NotPrivate. Some file systems, such as FAT, have one mode for all files."""
    refuse(path, "keeps permissions that let other users in", "use a folder on another file system")
