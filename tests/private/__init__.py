"""Attacks on Podline's files by another user of the same machine."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.private import FOR_JAILS

OTHER = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def started_with(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def left_open(data: Path) -> None:
    """As an earlier version left it, under umask 000."""
    (data / "logs").mkdir(parents=True)
    (data / "logs").chmod(0o777)
    for name in ("podline.db", "events.db", "url"):
        (data / name).touch()
        (data / name).chmod(0o666)
    data.chmod(0o777)


def open_to_others(*roots: Path) -> list[str]:
    """What another user may read, change or enter, except for what jails need."""
    found = (path for path in _all(roots) if FOR_JAILS not in path.parts)
    return [f"{path} {oct(mode(path))}" for path in found if _is_open(path)]


def writable_to_others(*roots: Path) -> list[str]:
    return [f"{path} {oct(mode(path))}" for path in _all(roots) if _is_open(path, 0o022)]


def _all(roots: tuple[Path, ...]) -> Iterator[Path]:
    for root in roots:
        yield root
        for folder, folders, files in os.walk(root):
            yield from (Path(folder, name) for name in (*folders, *files))


def _is_open(path: Path, bits: int = 0o077) -> bool:
    return not path.is_symlink() and bool(mode(path) & bits)
