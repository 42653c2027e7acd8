"""The pipes between a program and the daemon."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sandbox.daemon.recorder import Recorder
from sandbox.wire.types import Stream

_PIPE_BYTES: Final = 65536
"""The default capacity of a pipe (pipe(7)), and the most that one read takes."""

_ANY_UID: Final = 0o666
"""A program may open /dev/stdin, stdout and stderr, which are these pipes, and has another uid."""


@contextmanager
def filled_stdin(content: bytes) -> Iterator[int]:
    """A descriptor that holds all of `content`, followed by its end: nobody has to feed it.

    It is a pipe if that has room. Pipes are small for a user who has many of them (pipe(7),
    pipe-user-pages-soft), and so may be a program of the same user: then it is a file in memory.
    """
    stdin = _filled_pipe(content)
    if stdin is None:
        stdin = _filled_file(content)
    try:
        os.fchmod(stdin, _ANY_UID)
        yield stdin
    finally:
        os.close(stdin)


def _filled_pipe(content: bytes) -> int | None:
    """None if the pipe is too small."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if len(content) > _PIPE_BYTES:
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, len(content))
        if os.write(write_end, content) < len(content):
            raise BlockingIOError
    except OSError:
        os.close(read_end)
        return None
    finally:
        os.close(write_end)
    os.set_blocking(read_end, True)
    return read_end


def _filled_file(content: bytes) -> int:
    file = os.memfd_create("stdin")
    with os.fdopen(os.dup(file), "wb") as writer:
        writer.write(content)
    os.lseek(file, 0, os.SEEK_SET)
    return file


class OutputPipes:
    """A program's stdout and stderr, read into a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._open: dict[int, Stream] = {}
        self.write_ends: list[int] = []
        for stream in (Stream.STDOUT, Stream.STDERR):
            read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            os.set_blocking(write_end, True)
            os.fchmod(write_end, _ANY_UID)
            self._open[read_end] = stream
            self.write_ends.append(write_end)

    def continue_in(self, recorder: Recorder) -> None:
        """Record there what is read from now on."""
        self._recorder = recorder

    @property
    def read_ends(self) -> list[int]:
        return list(self._open)

    def close_write_ends(self) -> None:
        """Close the daemon's copies, once the program has its own."""
        while self.write_ends:
            os.close(self.write_ends.pop())

    def read(self, read_end: int) -> int:
        """Read what is available, and return its size; 0 at the end, which closes the stream."""
        content = os.read(read_end, _PIPE_BYTES)
        if content:
            self._recorder.take(self._open[read_end], content)
        else:
            os.close(read_end)
            del self._open[read_end]
        return len(content)

    def drain(self) -> None:
        """Read all that is left, once nobody writes any more."""
        for read_end, stream in self._open.items():
            while stream not in self._recorder.truncated and self._read_rest(read_end, stream):
                pass

    def close(self) -> None:
        self.close_write_ends()
        while self._open:
            os.close(self._open.popitem()[0])

    def _read_rest(self, read_end: int, stream: Stream) -> bool:
        """Read without an end: a program may have hidden a copy of its stream in a socket."""
        try:
            content = os.read(read_end, _PIPE_BYTES)
        except BlockingIOError:
            return False
        self._recorder.take(stream, content)
        return bool(content)
