"""A folder beside a new file, for what is needed until the file is complete."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

PREFIX: Final = ".podline-backup-"


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """Make a folder that only its owner can access, and remove it in the end.

    First, remove those of processes that were killed: nobody holds their locks any more (flock(2)).
    Raises OSError.
    """
    parent.stat()  # whose error names the folder
    for left in sorted(parent.glob(f"{PREFIX}*")):
        with _opened(left) as descriptor:
            if descriptor is not None and _is_unused(descriptor):
                shutil.rmtree(left)
    with _made(parent) as work:
        yield work


@contextmanager
def _made(parent: Path) -> Iterator[Path]:
    while True:
        work = Path(mkdtemp(prefix=PREFIX, dir=parent))
        with _opened(work) as descriptor:
            # Until it is locked, another process may take it for one that was left.
            if descriptor is None:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not work.exists():
                continue
            try:
                yield work
            finally:
                shutil.rmtree(work)
            return


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """The descriptor of a folder of ours. None for anything else, and for one that is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        yield None
        return
    try:
        yield descriptor if os.fstat(descriptor).st_uid == os.geteuid() else None
    finally:
        os.close(descriptor)


def _is_unused(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
