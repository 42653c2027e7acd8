"""Messages on the unix socket between client and daemon: requests, each followed by its answer.

A message is two little-endian lengths, a JSON object, and the bytes that the object refers to. An
answer is {"ok": …} or {"error": <an `Error`>, "message": …}.
"""

import json
import socket
import struct
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

_LENGTHS: Final = struct.Struct("<II")
HEADER_MAX: Final = 8 * 1024 * 1024
BODY_MAX: Final = 16 * 1024 * 1024
_SMALL_PIECE: Final = 64 * 1024
"""Sent with others in one system call; a larger one is not copied for that."""
REQUEST_HEADER_MAX: Final = 48 * 1024 * 1024
"""Arguments and variables of 200 tests can have 6 MiB, before JSON escapes them."""
REQUEST_BODY_MAX: Final = 96 * 1024 * 1024
MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
"""What a pod can be given. Stdin that several runs have is sent once and counts once."""

Header: TypeAlias = Mapping[str, Any]
"""A JSON object. Its contents are checked where they are used."""


class Error(StrEnum):
    BAD_REQUEST = "bad_request"
    """The request can't be understood; the message says which part."""
    REFUSED = "refused"
    """The pod can never run here."""
    FAILED = "failed"
    """The daemon failed; trying again may help."""
    INCOMPATIBLE = "incompatible"
    """The two sides have no version of the protocol in common; the message says what to do."""


class ProtocolError(ValueError):
    """The bytes are not a message of this protocol; the message says why."""


class Parts:
    """Takes a body apart, in the order in which it was put together."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self._taken = 0

    def take(self, size: object) -> bytes:
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ProtocolError("a length must be a whole number of at least 0")
        if self._taken + size > len(self._body):
            raise ProtocolError("the body is shorter than its header says")
        content = self._body[self._taken : self._taken + size]
        self._taken += size
        return bytes(content)

    def end(self) -> None:
        if self._taken != len(self._body):
            raise ProtocolError("the body is longer than its header says")


def send(connection: socket.socket, header: Header, *body: bytes) -> None:
    """The body may be in several pieces."""
    head = json.dumps(header, separators=(",", ":")).encode()
    lengths = _LENGTHS.pack(len(head), sum(map(len, body)))
    send_pieces(connection, (lengths + head, *body))


def send_pieces(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    waiting = bytearray()
    for piece in pieces:
        if len(piece) <= _SMALL_PIECE:
            waiting += piece
            continue
        if waiting:
            connection.sendall(waiting)
        connection.sendall(piece)
        waiting.clear()
    if waiting:
        connection.sendall(waiting)


def receive(
    connection: socket.socket, *, header_max: int = HEADER_MAX, body_max: int = BODY_MAX
) -> tuple[Header, bytes] | None:
    """The next message, or None if the other side closed. Raises ProtocolError and OSError."""
    lengths = _read(connection, _LENGTHS.size)
    if not lengths:
        return None
    header_bytes, body_bytes = _LENGTHS.unpack(lengths)
    if header_bytes > header_max:
        raise ProtocolError(f"a header of {header_bytes} bytes; at most {header_max} are taken")
    if body_bytes > body_max:
        raise ProtocolError(f"a body of {body_bytes} bytes; at most {body_max} are taken")
    return _header(_read(connection, header_bytes)), bytes(_read(connection, body_bytes))


def _header(text: bytearray) -> Header:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise ProtocolError("the header is not a JSON object")
    return header


def _read(connection: socket.socket, size: int) -> bytearray:
    """Read exactly that much, or nothing if the other side closed before a message."""
    content = bytearray(size)
    left = memoryview(content)
    while left:
        got = connection.recv_into(left, min(len(left), 1 << 20))
        if not got:
            if len(left) < size or size != _LENGTHS.size:
                raise ProtocolError("the message breaks off")
            return bytearray()
        left = left[got:]
    return content
