"""Probes: whether a child is ready."""

import base64
import socket
from pathlib import Path

_TIMEOUT = 0.5


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
