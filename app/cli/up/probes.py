"""Whether a child can be used, by trying it."""

import base64
import errno
import random
import socket
import time
from pathlib import Path

_TIMEOUT = 0.5
_PAUSE = 0.05
_PORTS = range(20_000, 30_000)
"""Below those that Linux gives to whoever connects (net.ipv4.ip_local_port_range): one of these
stays free until the server that it is meant for has started.
"""


def socket_accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex(str(path)) == 0


def http_answers(host: str, port: int, path: str, login: str = "") -> bool:
    """Whether it says 200: the API accepts connections before it has loaded the application, and
    with `login` (user:password) nobody else's server on that port is taken for ours.
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
    """The wanted port, any free one for 0, or None where it is still taken after `within` s.

    Raises OSError for a host that is not this one's, or a port that needs privileges.
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
