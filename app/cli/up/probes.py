"""Probes: whether a child is ready."""

import base64
import errno
import random
import socket
import time
from pathlib import Path

_TIMEOUT = 0.5
_PAUSE = 0.05
_PORTS = range(20_000, 30_000)
"""Below the ports that Linux assigns to outgoing connections (net.ipv4.ip_local_port_range), so
that the chosen port stays free until its server has started.
"""


def socket_accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex(str(path)) == 0


def http_answers(host: str, port: int, path: str, login: str = "") -> bool:
    """Whether the response is 200: the API accepts connections before its application is loaded.

    With `login` (user:password), another server on that port isn't mistaken for ours.
    """
    credentials = base64.b64encode(login.encode()).decode("ascii")
    request = f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT) as probe:
            probe.sendall(request.encode("ascii"))
            return b" 200 " in probe.recv(64)
    except OSError:
        return False


def free_port(host: str, wanted: int, within: float = 0) -> int | None:
    """Return the wanted port, or any for 0, or None if it is still in use after `within` seconds.

    Raises OSError if the address isn't local or the port needs privileges.
    """
    if not wanted:
        return next(filter(None, (_bind(host, port) for port in _shuffled())), None)
    deadline = time.monotonic() + within
    while (port := _bind(host, wanted)) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return port


def _shuffled() -> list[int]:
    return random.sample(_PORTS, len(_PORTS))


def _bind(host: str, port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return None
        return port
