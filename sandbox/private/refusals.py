"""Refusals of places that can't be kept private, with the command that fixes each."""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final, NoReturn

_IN_A_POD = "KUBERNETES_SERVICE_HOST"
"""Kubernetes sets it in every container.

A pod's volumes are writable to all, but nobody else is there.
"""

_LINKS_MAX: Final = 40
"""As many does the kernel follow for one path (path_resolution(7))."""

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotPrivate(PermissionError):
    """A place can't be kept private. The message says why, and which command fixes it."""


def refuse(path: Path, why: str, command: str) -> NoReturn:
    """Raise NotPrivate. Each `{}` in the command stands for the path."""
    raise NotPrivate(f"{path} {why}: {command.replace('{}', shlex.quote(str(path)))}")


def refuse_what_is_not_ours(path: Path, found: os.stat_result) -> None:
    """Raise NotPrivate if the place has another owner, is a link, or has a second name."""
    if stat.S_ISLNK(found.st_mode):
        refuse(path, "is a symbolic link", "rm {}")
    if found.st_uid != os.geteuid():
        command = f"if it is yours, chown -R {os.geteuid()} {{}}; if not, rm -r {{}}"
        refuse(path, f"belongs to another user (uid {found.st_uid})", command)
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        refuse(path, "has a hard link", "cp {} {}.new && mv {}.new {}")


def refuse_open_parents(path: Path, *, sticky_suffices: bool = True) -> None:
    """Raise NotPrivate if others may write to a parent folder, and so replace `path`.

    A sticky folder prevents that for its contents, where `sticky_suffices`. Below a folder that
    others can't enter, nothing matters.
    """
    real = path.resolve()
    for parent in reversed(real.parents):
        found = parent.stat()
        if found.st_uid not in _trusted():
            refuse(parent, f"belongs to another user (uid {found.st_uid})", "use another folder")
        sticky = found.st_mode & stat.S_ISVTX and (sticky_suffices or parent != real.parent)
        if _others_may_write(found) and not sticky:
            refuse(parent, "can be written to by other users", "chmod go-w {}")
        if not found.st_mode & _OTHERS_ENTER:
            return


def refuse_links_of_others(path: Path) -> None:
    """Raise NotPrivate if the path leads through a link that another user may change."""
    for link in _links_on(path.absolute()):
        if link.lstat().st_uid not in _trusted():
            refuse(link, "is a symbolic link of another user", "rm {}")


def refuse_folder_of_other_things(path: Path, ours: Container[str]) -> None:
    """Raise NotPrivate for a folder that was chosen by mistake, such as /etc.

    A folder is ours if any of its contents is, and new if it has no folders in it.
    """
    mode = path.stat().st_mode
    entries = list(os.scandir(path))
    is_ours = any(entry.name in ours for entry in entries)
    is_new = not any(Path(entry).is_dir() for entry in entries)  # links may lead nowhere
    if mode & OTHERS and (mode & stat.S_ISVTX or not (is_ours or is_new)):
        command = "use another folder, or chmod 700 {}"
        refuse(path, "is open to other users and contains other files", command)


def _trusted() -> set[int]:
    """Owners of parent folders: root, this account, and the person who used sudo."""
    return {0, os.geteuid(), int(os.environ.get("SUDO_UID", 0))}


def _others_may_write(found: os.stat_result) -> bool:
    if found.st_uid == 0 and _IN_A_POD in os.environ:
        return False
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found)


def _is_private_group(found: os.stat_result) -> bool:
    """Whether it is the owner's own group. Systems that give everybody one have umask 002."""
    try:
        owner, group = pwd.getpwuid(found.st_uid).pw_name, grp.getgrgid(found.st_gid)
    except KeyError:
        return False
    return group.gr_name == owner and set(group.gr_mem) <= {owner}


def _links_on(path: Path, depth: int = _LINKS_MAX) -> Iterator[Path]:
    """Of links in a loop, those that the kernel would follow."""
    for place in reversed((path, *path.parents)):
        if depth and place.is_symlink():
            yield place
            yield from _links_on(place.parent / place.readlink(), depth - 1)
