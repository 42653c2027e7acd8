"""What the children print, in one file each, bounded in size."""

import os
import shutil
from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024


def open_log(path: Path) -> int:
    """A descriptor that a child may write to; every write goes to the file's end."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def rotate(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Move the contents of a large log to `<path>.1`; says if it was large.

    The file itself stays, since a child holds it open. Lines that are written between copy and
    truncation are lost.
    """
    if not path.exists() or path.stat().st_size <= max_bytes:
        return False
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)
    return True
