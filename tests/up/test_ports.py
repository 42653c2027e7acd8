"""Which ports `podline up` chooses."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.cli.up.ports import Ports

HOST = "127.0.0.1"
ANOTHER_PROCESS = """
import sys
from app.cli.up.ports import Ports
ports = Ports("127.0.0.1")
print(ports.free(int(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def ports() -> Iterator[Ports]:
    with closing(Ports(HOST)) as ports:
        yield ports


def listening_port() -> tuple[socket.socket, int]:
    server = socket.create_server((HOST, 0))
    return server, server.getsockname()[1]


def test_any_ports_are_different_and_can_be_bound(ports: Ports) -> None:
    chosen = [ports.free(0) for _ in range(20)]
    assert len(set(chosen)) == len(chosen)
    for port in chosen:
        assert port is not None
        socket.create_server((HOST, port)).close()


def test_a_taken_port_is_not_free(ports: Ports) -> None:
    server, port = listening_port()
    with server:
        assert ports.free(port) is None
    assert ports.free(port) == port


def test_what_can_t_be_bound_is_not_taken() -> None:
    with closing(Ports("192.0.2.1")) as ports:
        with pytest.raises(OSError, match="Cannot assign requested address"):
            ports.free(8000)
        with pytest.raises(OSError, match="Cannot assign requested address"):
            ports.free(8000)


def test_a_port_that_becomes_free_is_waited_for(ports: Ports) -> None:
    server, port = listening_port()
    threading.Timer(0.1, server.close).start()
    assert ports.free(port, within=60) == port


def test_two_that_start_together_choose_different_ports(ports: Ports) -> None:
    """Neither has a server yet that listens."""
    with closing(Ports(HOST)) as first:
        port = first.free(0)
        assert port is not None
        assert ports.free(port) is None
    assert ports.free(port) == port


def test_a_port_of_another_process_is_free_once_that_has_been_killed(ports: Ports) -> None:
    server, port = listening_port()
    server.close()
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == port
        assert ports.free(port) is None
        other.kill()
        other.wait()
        assert ports.free(port) == port
