"""The socket on which systemd hears from its services."""

import os
import socket
from types import TracebackType
from typing import Self


class OwnSystemd:
    """Hears what a service says, while the context lasts."""

    def __init__(self, address: str) -> None:
        """An address with `@` at its start is abstract."""
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._socket.bind(self.address.replace("@", "\0"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def variables(
        self, watchdog_seconds: float | None = None, pid: int | None = None
    ) -> dict[str, str]:
        """What systemd sets for a service; `pid` is its process, by default this one."""
        variables = {"NOTIFY_SOCKET": self.address}
        if watchdog_seconds is not None:
            variables["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1_000_000))
            variables["WATCHDOG_PID"] = str(os.getpid() if pid is None else pid)
        return variables

    def next(self, seconds: float = 60) -> str:
        """Wait for what comes next. Raises TimeoutError."""
        self._socket.settimeout(seconds)
        return self._socket.recv(256).decode("ascii")

    def said(self) -> list[str]:
        """What has come since the last call."""
        said = []
        self._socket.setblocking(False)
        while True:
            try:
                said.append(self._socket.recv(256).decode("ascii"))
            except BlockingIOError:
                return said
