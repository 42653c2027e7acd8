"""Why nothing can listen at an address, in words."""

import re
import socket
from contextlib import closing

import pytest

from app.listening import CannotListen, listen, listening_at


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("a..b", 8000, "a..b:8000: the name can't be resolved"),
        ("127.0.0.1", 70_000, "127.0.0.1:70000: ports go up to 65535"),
        ("192.0.2.1", 8000, "192.0.2.1:8000: this machine has no such address"),
        ("2001:db8::1", 8000, "[2001:db8::1]:8000: "),
    ],
)
def test_a_wrong_address_is_named_with_the_reason(host: str, port: int, reason: str) -> None:
    with pytest.raises(CannotListen, match=f"^can't listen at .*{re.escape(reason)}"):
        listen(host, port)


def test_an_address_in_use_is_named() -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1:{port}: Address already in use"):
            listen("127.0.0.1", port)


def test_a_server_that_looks_the_name_up_itself() -> None:
    with (
        pytest.raises(CannotListen, match=r"a\.\.b:80: it is not the name of a host"),
        listening_at("a..b", 80),
    ):
        socket.getaddrinfo("a..b", 80)


def test_it_listens() -> None:
    with closing(listen("localhost", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=10).close()
