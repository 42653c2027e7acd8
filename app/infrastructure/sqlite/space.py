"""The space that a SQLite file and its write-ahead log take on the disk.

SQLite reuses the pages of removed rows, but a file becomes smaller only by a vacuum. A full one
rewrites the file and locks it for that time. An incremental one moves pages from the end of the
file into gaps, as few at a time as the caller likes, and cuts off the end with the next checkpoint.
https://www.sqlite.org/pragma.html#pragma_auto_vacuum
"""

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

SHRINKABLE: Final = "PRAGMA auto_vacuum = INCREMENTAL"
"""Has an effect before the first table is created, and with the next full vacuum."""
STEP_PAGES: Final = 64
"""Pages that one step moves: 256 KiB, which takes a few milliseconds."""
RESERVED_PAGES: Final = 256
RESERVED_SHARE: Final = 10
"""One in so many pages stays unused, and at least `RESERVED_PAGES`: the next rows need them."""
LOG_BYTES: Final = 4 * 1024 * 1024
"""The size to which the log is cut. SQLite moves it into the file when it has about as much."""

_INCREMENTAL: Final = 2


def surplus(connection: sqlite3.Connection) -> int:
    """Return how many pages can be cut off the file: 0 if an older release created it."""
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        return 0
    reserved = max(RESERVED_PAGES, _pragma(connection, "page_count") // RESERVED_SHARE)
    return max(0, _pragma(connection, "freelist_count") - reserved)


def cut_off(connection: sqlite3.Connection, pages: int) -> None:
    """Move that many used pages into gaps, in the caller's transaction."""
    for _ in range(pages):
        # With a larger number it would have to be stepped once per page, but Python's module does
        # that once only, as there are no columns.
        connection.execute("PRAGMA incremental_vacuum(1)")


def move_log(connection: sqlite3.Connection, path: Path) -> None:
    """Move the write-ahead log into the file, which gets its new size, and cut off a large log.

    Waits for nobody: what is in use is left to the next call. The first checkpoint lets others
    write meanwhile; the second one keeps them from it, but finds little to move.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    if os.path.getsize(f"{path}-wal") > LOG_BYTES:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def make_shrinkable(path: Path) -> bool:
    """Rewrite a file of an older release, so that it can shrink. Returns whether it was rewritten.

    If the file is in use, or the disk has no room for two copies of it, it stays as it is.
    """
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            size = path.stat().st_size
            if size == 0 or _pragma(connection, "auto_vacuum") == _INCREMENTAL:
                return False
            if shutil.disk_usage(path.parent).free < 2 * size:
                log.warning("%s can't shrink: the disk has no room to rewrite it", path)
                return False
            connection.execute(SHRINKABLE)
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        log.warning("%s can't shrink, as it was not rewritten: %s", path, error)
        return False
    return True


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
