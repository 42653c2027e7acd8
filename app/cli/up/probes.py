"""Probes: whether a child is ready, and whether it is still alive."""

import base64
import socket
from collections.abc import Callable
from pathlib import Path

from sandbox import alive
from sandbox.wire import framing

_TIMEOUT = 0.5
_ALIVE_TIMEOUT = 2.0
"""A busy machine is no reason to restart a child."""


class Touched:
    """Whether a file was touched since the last question, as its process does while it is alive.

    No clock is read, so it does not matter whether one was set meanwhile. A file that is not there
    says nothing: a full disk may have no room for it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last: int | None = None

    def __call__(self, _: int) -> bool:
        try:
            touched = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        before, self._last = self._last, touched
        return touched != before


def redis_alive(path: Path) -> bool:
    """Whether it says anything: `-LOADING` too shows that it is alive."""

    def ask(connection: socket.socket) -> bool:
        connection.sendall(b"PING\r\n")
        return bool(connection.recv(1))

    try:
        return _ask(path, ask, _ALIVE_TIMEOUT)
    except OSError:
        return False


def why_silent(path: Path) -> str | None:
    """Why nothing at this socket answers a daemon's client, or None if anything does."""

    def ask(connection: socket.socket) -> bool:
        framing.send(connection, alive.HELLO)
        return bool(connection.recv(1))  # Whoever sends byte by byte must not keep this waiting.

    try:
        return None if _ask(path, ask, _TIMEOUT) else "the connection was closed"
    except OSError as error:
        return error.strerror or str(error)


def _ask(path: Path, ask: Callable[[socket.socket], bool], timeout: float) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        return ask(connection)


def http_alive(host: str, port: int, path: str) -> bool:
    return http_answers(host, port, path, timeout=_ALIVE_TIMEOUT)


def socket_accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex(str(path)) == 0


def http_answers(
    host: str, port: int, path: str, login: str = "", *, timeout: float = _TIMEOUT
) -> bool:
    """Whether the response is 200: the API accepts connections before its application is loaded.

    With `login` (user:password), another server on that port isn't mistaken for ours.
    """
    credentials = base64.b64encode(login.encode()).decode("ascii")
    request = f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=timeout) as probe:
            probe.sendall(request.encode("ascii"))
            return b" 200 " in probe.recv(64)
    except OSError:
        return False
