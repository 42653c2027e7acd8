"""Ports for the servers of tests."""

from app.cli.up.ports import Ports

HOST = "127.0.0.1"
_CHOSEN: dict[str, Ports] = {}


def free_port(host: str = HOST) -> int:
    """A port that no other test process on this machine chooses while this one runs."""
    port = _CHOSEN.setdefault(host, Ports(host)).free(0)
    assert port is not None
    return port
