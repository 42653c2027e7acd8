"""SQLite's shared memory is a mapped file, whose blocks may not fit on the disk."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.wiring.files import kept_open
from tests.support.disks import KINDS, Kind, disk, kept_full

WRITE_AND_END = """
import os, signal, sqlite3, sys
for path in sys.argv[1:]:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "wal_autocheckpoint = 0"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE numbers (number)")
    for number in range(300):
        connection.execute("INSERT INTO numbers VALUES (?)", [str(number)])
os.kill(os.getpid(), signal.SIGKILL)
"""
READ = """
import sqlite3, sys
for path in sys.argv[1:]:
    print(*sqlite3.connect(path).execute("SELECT count(*) FROM numbers").fetchone())
"""


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    kind: Kind = request.param
    with disk(kind, tmp_path, 8) as place:
        yield place


def run(program: str, *paths: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_files_that_are_kept_open_are_read_on_a_full_disk_after_all_were_killed(
    place: Path,
) -> None:
    settings = Settings(data_dir=place)
    files = [place / "podline.db", place / "events.db"]
    with kept_open(settings):
        assert run(WRITE_AND_END, *files).returncode == -signal.SIGKILL
        with kept_full(place):
            read = run(READ, *files)
    assert (read.returncode, read.stdout) == (0, "300\n300\n"), read.stderr
