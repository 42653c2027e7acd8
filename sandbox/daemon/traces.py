"""What a daemon has outside its data folder, recorded until it is removed.

Each daemon locks its record for as long as it lives. So any daemon of the same user recognizes the
record of one that was killed, and removes what that one left, even if its data folder is gone or
unused.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from sandbox.jail import mounts
from sandbox.metering import cgroup
from sandbox.private import make_folder, refuse
from sandbox.private.folders import own_folder

_GROUP: Final = "cgroup"
_FOLDER: Final = "folder"
_MOUNTS: Final = "mounts"

log = logging.getLogger(__name__)


class Traces:
    """A line for each place, written before the place is created."""

    def __init__(self, record: IO[str]) -> None:
        """`record` is locked."""
        self._record = record

    def group(self, parent: Path) -> None:
        self._note(_GROUP, parent)

    def folder(self, path: Path) -> None:
        self._note(_FOLDER, path)

    def mounts(self, place: Path) -> None:
        self._note(_MOUNTS, place)

    def remove(self) -> None:
        """Remove all places, and the record. Raises TimeoutError and OSError."""
        self._record.seek(0)
        lines = self._record.read().splitlines()
        for line in dict.fromkeys(reversed(lines)):
            kind, _, path = line.partition(" ")
            if kind == _GROUP:
                cgroup.remove(Path(path))
            elif kind == _MOUNTS:
                _remove_mounts(Path(path))
            else:
                shutil.rmtree(path, ignore_errors=True)
        Path(self._record.name).unlink(missing_ok=True)

    def close(self) -> None:
        """Release the record."""
        self._record.close()

    def _note(self, kind: str, path: Path) -> None:
        self._record.seek(0, os.SEEK_END)
        self._record.write(f"{kind} {path}\n")
        self._record.flush()


def _remove_mounts(place: Path) -> None:
    """A daemon's mounts end with the last of its processes, which may take a moment."""
    if place.exists():
        mounts.remove(place)


def records(data: Path) -> Path:
    """Where all daemons of this account keep records. A boot removes it, as it does control groups.

    An account without such a place has no control groups either, so its daemon leaves nothing
    outside its data folder.
    """
    return (own_folder() or data) / "podline-records"


@contextmanager
def traces_of(name: str, folder: Path) -> Iterator[Traces]:
    """Remove what dead daemons left, then keep a record for as long as this one lives.

    At the end, everything on record is removed. What can't be removed keeps its record, for the
    next daemon to try. Raises OSError.
    """
    if make_folder(folder):
        refuse(folder, "is writable by other users, so its records can't be trusted", "rm -r {}")
    for path in folder.iterdir():
        _remove_if_dead(path)
    traces = Traces(_lock_own(folder / name))
    try:
        yield traces
    finally:
        _remove(traces)


def _remove_if_dead(path: Path) -> None:
    record = _lock(path)
    if record:
        _remove(Traces(record))


def _remove(traces: Traces) -> None:
    try:
        traces.remove()
    except OSError as error:
        log.warning("could not remove what an earlier daemon left: %s", error)
    finally:
        traces.close()


def _lock(path: Path) -> IO[str] | None:
    """None if another daemon holds the lock, or has just removed the record."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    if _is_at(path, file):
        return file
    file.close()
    return None


def _lock_own(path: Path) -> IO[str]:
    """Wait for the lock: another daemon holds it at most while it cleans up."""
    while True:
        file = path.open("a+")
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(path, file):
            return file
        file.close()


def _is_at(path: Path, file: IO[str]) -> bool:
    """Whether the path still leads to the open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
