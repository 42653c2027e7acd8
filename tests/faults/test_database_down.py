"""A locked or dead database is reported in time, and nothing accepted is lost."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from podline import Unavailable
from tests.faults.conftest import FAST
from tests.faults.load import Load
from tests.support.mongo_server import MongoServer
from tests.support.standalone import Standalone, running
from tests.support.waiting import is_quick


def test_the_database_is_locked_for_ten_seconds(standalone: Standalone) -> None:
    load = Load(standalone)
    load.wait_for_some()
    with locked(standalone, seconds=10):
        assert_refused_in_time(standalone)
    load.assert_whole()


@contextmanager
def locked(standalone: Standalone, seconds: float) -> Iterator[None]:
    """Another process holds the write lock of the database, for this long in all."""
    until = time.monotonic() + seconds
    database = sqlite3.connect(standalone.data_dir / "podline.db", isolation_level=None)
    with closing(database):
        database.execute("BEGIN EXCLUSIVE")
        yield
        time.sleep(max(0, until - time.monotonic()))  # not to wait for anything: this is the fault
        database.rollback()


@pytest.mark.long
def test_the_mongodb_server_is_killed(tmp_path: Path) -> None:
    with mongo_server(tmp_path) as server:
        options = ("--mongodb", server.url("podline"))
        with running(Standalone(tmp_path / "up", FAST, options)) as standalone:
            load = Load(standalone, how_many=30)
            load.wait_for_some(5)
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
    with standalone.client(retries=0) as client:

        def submit() -> None:
            with pytest.raises(Unavailable) as refused:
                client.submit("print(1)", language="python")
            assert refused.value.problem.retry_after is not None

        assert is_quick(submit, seconds=2, tries=4)
