"""Folders of the host that jails see beside /usr: which may be shown, and how jails reach them.

A tool chain in a home folder is shown at its own path and alone: a jail can't even see the names of
other files there.
"""

import ctypes
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final

from sandbox.private import PUBLIC, make_folder

_SYSTEM: Final = Path("/usr")
_OF_JAILS: Final = tuple(
    map(Path, ("/bin", "/box", "/dev", "/lib", "/lib64", "/proc", "/tmp", "/var/tmp"))
)
"""Folders of which each jail has its own."""
_FIRST_ACCOUNT_OF_A_PERSON: Final = 1000
_DEEP_ENOUGH: Final = 2
"""~/.pyenv/versions is; ~/.cargo and ~/.local hold credentials beside programs."""

_CLONE_NEWNS: Final = 0x00020000
_MNT_DETACH: Final = 0x2
_MS_RDONLY: Final = 0x1
_MS_NOSUID: Final = 0x2
_MS_NODEV: Final = 0x4
_MS_REMOUNT: Final = 0x20
_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MS_SLAVE: Final = 0x80000

_libc = ctypes.CDLL(None, use_errno=True)


class Unusable(Exception):
    """A tool chain exists but can't be offered. The message says why, and what to do."""


def home_of_tool_chain(executable: str) -> tuple[str, list[str]]:
    """Return the executable's path without links to its folder, and the folders to mount.

    Raises Unusable.
    """
    folder = os.path.realpath(os.path.dirname(executable))
    real = Path(os.path.realpath(executable))
    if real.is_relative_to(_SYSTEM) and Path(folder).is_relative_to(_SYSTEM):
        return executable, []
    if Path(folder).is_relative_to(_SYSTEM):
        executable, folder = str(real), str(real.parent)
    else:
        executable = os.path.join(folder, os.path.basename(executable))
    if os.path.basename(folder) != "bin":
        raise Unusable("it is not in a folder named bin, so its other files are not known")
    root = os.path.dirname(folder)
    if real.is_relative_to(root) or real.is_relative_to(_SYSTEM):
        return executable, [root]
    if is_virtual_environment(root):
        return executable, [root, *_home_of_base(Path(executable), Path(root))]
    raise Unusable(f"it is a link to {real}, which is outside {root}")


def is_virtual_environment(root: str) -> bool:
    """Whether it is one of Python's (https://docs.python.org/3/library/venv.html)."""
    return os.path.isfile(os.path.join(root, "pyvenv.cfg"))


def _home_of_base(executable: Path, root: Path) -> list[str]:
    """The folder of the interpreter that a virtual environment uses, by each of its names."""
    while executable.is_relative_to(root):
        executable = Path(os.path.normpath(executable.parent / executable.readlink()))
    if executable.parent.name != "bin":
        raise Unusable(f"its interpreter {executable} is not in a folder named bin")
    home = str(executable.parent.parent)
    return list(dict.fromkeys((home, os.path.realpath(home))))


class Unmounted:
    """Takes what `Mounts` takes, for a process that has no jails."""

    def add(self, folder: str) -> None:
        pass

    def add_cache(self, folder: Path, target: str) -> None:
        pass


class Mounts:
    """The folders that the languages of one daemon need."""

    def __init__(self, place: Path) -> None:
        """Prepare for mounts by the calling thread and those that it starts later.

        `place` is created when a folder has to be mounted a second time for jails to reach it.
        """
        self._place = place
        self._lock = Lock()
        self._sources: dict[str, str] = {}
        self._number = count()
        if os.geteuid() == 0:
            with suppress(OSError):  # the folders that need it are refused
                _leave_the_mounts_of_the_host()

    def add(self, folder: str) -> None:
        """Show the folder at its own path. Raises Unusable."""
        real = os.path.realpath(folder)
        _refuse_what_holds_more(Path(real))
        _refuse_what_is_closed(real)
        with self._lock:
            if folder not in self._sources:
                self._sources[folder] = self._within_reach(real)

    def add_cache(self, folder: Path, target: str) -> None:
        """Show a folder of the daemon's as `target`. Raises Unusable."""
        with self._lock:
            self._sources[target] = self._within_reach(str(folder))

    def reach(self, folder: Path) -> str:
        """A path to the folder by which jails can be shown what is in it. Raises Unusable."""
        with self._lock:
            return self._within_reach(str(folder))

    def __iter__(self) -> Iterator[str]:
        """The mounts in nsjail's notation: the path, or `source:target`."""
        for target, source in sorted(self._sources.items()):
            yield target if source == target else f"{source}:{target}"

    def close(self) -> None:
        if self._place.exists():
            remove(self._place)

    def _within_reach(self, folder: str) -> str:
        """A path to the folder that jails can reach: a root daemon's jails can't enter homes."""
        if os.geteuid() != 0 or all(_is_open(parent) for parent in Path(folder).parents):
            return folder
        target = self._place / str(next(self._number))
        try:
            make_folder(target, PUBLIC)
            _bind_read_only(folder, str(target))
        except OSError as error:
            raise Unusable(
                f"{folder} is closed to other users and can't be mounted where it is open "
                f"({error.strerror}): put it below /opt or /usr/local"
            ) from error
        return str(target)


def _refuse_what_holds_more(folder: Path) -> None:
    if len(folder.parts) <= _DEEP_ENOUGH:
        raise Unusable(f"{folder} contains other things: move the tool chain to its own folder")
    for own in _OF_JAILS:
        if folder.is_relative_to(own):
            raise Unusable(f"{own} of a jail is its own: put it below /opt or /usr/local")
    for home in _homes():
        if home.is_relative_to(folder):
            raise Unusable(f"{folder} contains the home folder {home}")
        if folder.is_relative_to(home) and len(folder.relative_to(home).parts) < _DEEP_ENOUGH:
            raise Unusable(
                f"{folder} may contain secrets: a tool chain in a home folder must be "
                f"{_DEEP_ENOUGH} folders deep, such as ~/.pyenv/versions/3.12"
            )


def _homes() -> set[Path]:
    """The home folders of people and of the daemon's own account."""
    people = {
        Path(os.path.realpath(account.pw_dir))
        for account in pwd.getpwall()
        if account.pw_uid in (0, os.geteuid()) or account.pw_uid >= _FIRST_ACCOUNT_OF_A_PERSON
    }
    own = Path(os.path.realpath(os.path.expanduser("~")))
    return {home for home in people | {own} if len(home.parts) > 1 and home.is_dir()}


def _refuse_what_is_closed(folder: str) -> None:
    if os.geteuid() == 0 and not _is_open(Path(folder)):
        raise Unusable(f"{folder} is closed to other users: chmod -R o+rX {folder}")


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def remove(place: Path) -> None:
    """Remove a place of `Mounts`, with what is mounted there even if it is in use.

    Raises OSError if there is anything else in it: nothing of a mounted folder is ever removed.
    """
    for target in place.iterdir():
        _libc.umount2(str(target).encode(), _MNT_DETACH)  # fails if nothing is mounted here
        target.rmdir()
    place.rmdir()


def _leave_the_mounts_of_the_host() -> None:
    """From now on, only this process and its children see new mounts, which end with them."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _mount(None, "/", _MS_REC | _MS_SLAVE)


def _bind_read_only(source: str, target: str) -> None:
    _mount(source, target, _MS_BIND)
    _mount(None, target, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _mount(source: str | None, target: str, flags: int) -> None:
    given = source.encode() if source else None
    _checked(_libc.mount(given, target.encode(), None, ctypes.c_ulong(flags), None))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
