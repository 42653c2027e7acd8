"""A test server with MongoDB's wire protocol: nx-27017 from PyPI."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo

from app.infrastructure.mongo.documents import COLLECTIONS, VersionDocument
from tests.support.ports import free_port

STARTS_WITHIN = 20.0
"""Seconds; the import alone takes about one."""


class MongoServer:
    """A server that keeps its data in a folder, so that it can be killed and restarted."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._folder = folder
        self._host = host
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
