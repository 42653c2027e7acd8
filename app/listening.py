"""Listening at an address that an operator chose, and why that fails."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_REASONS: Final = {
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "the port needs privileges, as those below 1024 do",
}
"""Where strerror(3) says less."""


class CannotListen(OSError):
    """The message has the address and the reason. It has no errno."""


def listen(host: str, port: int) -> socket.socket:
    """Listen at a name or an address. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with listening_at(host, port):
        return socket.create_server((host, port), family=family, backlog=1024)


@contextmanager
def listening_at(host: str, port: int) -> Iterator[None]:
    """Raise CannotListen instead of what a server raises that can't listen there."""
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        yield
    except OSError as error:
        raise CannotListen(f"can't listen at {at}: {_reason(error)}") from error
    except UnicodeError as error:  # of the name's encoding (idna), before it is looked up
        raise CannotListen(f"can't listen at {at}: it is not the name of a host") from error
    except OverflowError as error:
        raise CannotListen(f"can't listen at {at}: ports go up to 65535") from error


def _reason(error: OSError) -> str:
    number = error.errno or 0
    if number < 0:  # of getaddrinfo(3)
        return "the name can't be resolved"
    return _REASONS.get(number) or os.strerror(number)
