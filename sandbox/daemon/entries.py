"""Reads what init sends of a jail's files (protocol.h), and trusts none of it."""

import os
import select
import struct
import time
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

_ENTRY: Final = struct.Struct("<IIQ")
_PIPE_BYTES: Final = 1 << 20
_PATH_MAX: Final = 4096
_SECONDS_TO_RECEIVE: Final = 20.0


class NotReceived(Exception):
    """Init sent something else than what it was asked for; the message says what."""


class InitEnded(NotReceived):
    """Init ended before it had sent everything."""


class Kind(IntEnum):
    """As in protocol.h."""

    END = 0
    FOLDER = 1
    PLAIN_FILE = 2
    EXECUTABLE = 3
    OTHER = 4


class Entries:
    """The entries that come through a pipe. All methods raise NotReceived and OSError."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._deadline = time.monotonic() + _SECONDS_TO_RECEIVE
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)

    def next(self) -> tuple[Kind, bytes, int]:
        """The kind of the next entry, its path, and how many bytes its content has."""
        kind, path_bytes, content_bytes = _ENTRY.unpack(self._read(_ENTRY.size))
        try:
            known = Kind(kind)
        except ValueError:
            raise NotReceived(f"an entry is of the unknown kind {kind}") from None
        if known is Kind.END:
            return known, b"", content_bytes
        return known, self._path(path_bytes), content_bytes

    def content(self, size: int) -> Iterator[bytes]:
        """The content of the last entry, in pieces."""
        while size:
            left = max(0.0, self._deadline - time.monotonic())
            if not self._poll.poll(left * 1_000):
                raise NotReceived("init took too long to send it")
            part = os.read(self._source, min(size, _PIPE_BYTES))
            if not part:
                raise InitEnded("init ended before it had sent everything")
            size -= len(part)
            yield part

    def _path(self, size: int) -> bytes:
        if not 0 < size < _PATH_MAX:
            raise NotReceived("a path is empty or too long")
        path = self._read(size)
        if b"\0" in path or {b"", b".", b".."} & set(path.split(b"/")):
            raise NotReceived("a path leads out of its folder")
        return path

    def _read(self, size: int) -> bytes:
        return b"".join(self.content(size))
