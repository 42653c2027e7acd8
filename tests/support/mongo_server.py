"""A test server with MongoDB's wire protocol: nx-27017 from PyPI."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymongo

from app.infrastructure.mongo.documents import COLLECTIONS, VersionDocument
from tests.support.ports import free_port

STARTS_WITHIN = 120.0
"""Seconds; the import alone takes about one."""


PREFERRED = -15
"""A nice value."""


class MongoServer:
    """A server that keeps its data in a folder, so that it can be killed and restarted."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", *, preferred: bool = False) -> None:
        """If it is `preferred`, it gets a core before others do, provided that this is permitted.

        All its threads share one Python interpreter. At a load of 36, it let everybody wait for
        more than two seconds, as no server with cores of its own does.
        """
        self._folder = folder
        self._host = host
        self._preferred = preferred
        self.port = free_port(host)
        self._process: subprocess.Popen[bytes] | None = None
        self._client = pymongo.MongoClient[dict[str, object]](self.url("admin"), connect=False)

    def url(self, database: str) -> str:
        return f"mongodb://{self._host}:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and return once it responds. Raises pymongo's error if it doesn't."""
        program = Path(sys.executable).with_name("nx-27017")
        places = {
            "--data-dir": self._folder / "data",
            "--pid-file": self._folder / "pid",
            "--log-file": self._folder / "log",
            "--host": self._host,
            "--port": self.port,
        }
        arguments = [str(word) for place in places.items() for word in place]
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [program, *arguments], stdout=output, stderr=subprocess.STDOUT
            )
        if self._preferred:
            with suppress(PermissionError):  # its threads inherit it, and have not begun yet
                os.setpriority(os.PRIO_PROCESS, self._process.pid, PREFERRED)
        with pymongo.MongoClient[dict[str, object]](
            self.url("admin"), serverSelectionTimeoutMS=int(STARTS_WITHIN * 1000)
        ) as client:
            client.admin.command("ping")

    def empty(self, database: str) -> None:
        """Remove everything but the version of the schema and the indexes, which take longest."""
        for name in self._client[database].list_collection_names():
            if name != COLLECTIONS[VersionDocument]:
                self._client[database][name].delete_many({})

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let it hang meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
