"""The children's logs: one file each, bounded in size."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024


def open_log(path: Path) -> int:
    """Return a descriptor for a child's output, which appends to the file.

    If the disk has no room for a new file, the child runs without a log.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_CREAT, 0o600)
    except OSError:
        return os.open(os.devnull, flags)


def rotate(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Move the contents of a large log to `<path>.1`. Returns whether it was large.

    The file itself stays, because a child has it open. Lines written between copy and truncation
    are lost. If the disk has no room for the copy, all are lost: a log must not fill the disk.
    Raises OSError if the log can't be emptied, as on a disk that became read-only.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    copy = path.with_name(path.name + ".1")
    try:
        shutil.copyfile(path, copy)
    except OSError:
        with suppress(OSError):  # part of a copy, or something else of that name
            copy.unlink()
    os.truncate(path, 0)
    return True
