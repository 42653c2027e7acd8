"""The database is locked, full or dead: it refuses in time, and loses nothing that it accepted."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from podline import Execution, Unavailable
from tests.faults.conftest import FAST
from tests.faults.load import Load
from tests.mongo_server import MongoServer
from tests.standalone import Standalone, running

DISK_MIB = 48


def test_the_database_is_locked_for_ten_seconds(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some(20)
    with locked(standalone, seconds=10):
        assert_refused_in_time(standalone)
    load.assert_whole()


@contextmanager
def locked(standalone: Standalone, seconds: float) -> Iterator[None]:
    """Another process holds the write lock of the database, for so long in all."""
    until = time.monotonic() + seconds
    database = sqlite3.connect(standalone.data_dir / "podline.db", isolation_level=None)
    with closing(database):
        database.execute("BEGIN EXCLUSIVE")
        yield
        time.sleep(max(0, until - time.monotonic()))  # not to wait for anything: this is the fault
        database.rollback()


def test_the_disk_is_full(tmp_path: Path) -> None:
    """Refused while it is full, accepted as soon as there is room; nothing accepted is lost."""
    with small_disk(tmp_path, mib=DISK_MIB) as disk, running(Standalone(disk, FAST)) as standalone:
        load = Load(standalone, how_many=20)
        load.wait_for_some(1)
        filler = disk / "filler"
        fill(filler)
        submit_until_refused(standalone, load)
        filler.unlink()
        client = standalone.client()
        assert client.run("print(1)", language="python", timeout=60).state == "completed"
        load.assert_whole()


def submit_until_refused(standalone: Standalone, load: Load) -> None:
    """A full disk takes a few: SQLite writes over its log, of some 4 MiB, after a checkpoint.

    https://www.sqlite.org/fileformat2.html#walreset
    """
    padding = "#" * 510_000
    for number in range(3 * DISK_MIB):
        accepted = try_to_submit(standalone, f"print({number}) {padding}")
        if accepted is None:
            return
        load.expect(accepted.id, f"{number}\n")
    pytest.fail("more was accepted than the whole disk can hold")


def try_to_submit(standalone: Standalone, program: str) -> Execution | None:
    """None if the database can't take it, which is answered within 2 s."""
    started = time.monotonic()
    with standalone.client(retries=0) as client, suppress(Unavailable):
        return client.submit(program, language="python")
    assert time.monotonic() - started < 2
    return None


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """A file system of its own. Mounting it needs root, as CI is."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))


def test_the_mongodb_server_is_killed(tmp_path: Path) -> None:
    with mongo_server(tmp_path) as server:
        options = ("--mongodb", server.url("podline"))
        with running(Standalone(tmp_path / "up", FAST, options)) as standalone:
            load = Load(standalone, how_many=100)
            load.wait_for_some(10)
            server.kill()
            assert_refused_in_time(standalone)
            server.start()
            load.assert_whole()


@contextmanager
def mongo_server(folder: Path) -> Iterator[MongoServer]:
    server = MongoServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def assert_refused_in_time(standalone: Standalone) -> None:
    """A submission is answered with 503 within 2 s."""
    started = time.monotonic()
    with pytest.raises(Unavailable) as refused, standalone.client(retries=0) as client:
        client.submit("print(1)", language="python")
    assert time.monotonic() - started < 2
    assert refused.value.problem.retry_after is not None
