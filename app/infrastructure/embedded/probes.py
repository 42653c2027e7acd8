"""Whether a child can be used, by trying it."""

import socket
from pathlib import Path

_TIMEOUT = 0.5


def socket_accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex(str(path)) == 0


def port_accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex((host, port)) == 0


def http_answers(host: str, port: int, path: str) -> bool:
    """Whether it says 200. (Gunicorn accepts connections before it has loaded the application.)"""
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT) as probe:
            probe.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode("ascii"))
            return b" 200 " in probe.recv(64)
    except OSError:
        return False


def free_port(host: str, wanted: int) -> int | None:
    """The wanted port, any free one for 0, or None where the wanted one is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            return None
        port: int = probe.getsockname()[1]
        return port
