"""Lets only text, line ends, tabs and colours reach a terminal, and escapes everything else.

A terminal obeys control characters, so that text from others (labels, messages, program output)
could retitle its window, overwrite lines, or type commands: terminal escape injection, CWE-150.
"""

import json
import re
import sys
from codecs import getincrementaldecoder
from select import select
from typing import Final, Protocol, TextIO

# Category Cc except tab and newline; lone surrogates; line and paragraph separators; and those of
# Cf that reorder or hide text: bidirectional controls, invisible characters, tags.
_UNSAFE: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e007f"
)
_UNSAFE_IN_BLOCK: Final = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_LINE: Final = re.compile(f"[\t\n{_UNSAFE}]")

_COLOUR: Final = "\x1b\\[[0-9:;]{0,64}m"
"""SGR (ECMA-48, 8.3.117). With a private parameter (`ESC [ > 4 m`) it sets something else."""
_TOKEN: Final = re.compile(f"(?P<kept>{_COLOUR}|\r\n)|[{_UNSAFE}]")
_UNFINISHED: Final = re.compile("(?:\x1b(?:\\[[0-9:;]{0,64})?|\r)\\Z")
_NO_COLOUR: Final = "\x1b[0m"


def escaped(text: str) -> str:
    """Escape the text as one line, for labels, names and messages."""
    return _UNSAFE_IN_LINE.sub(_escape, text)


def escaped_block(text: str) -> str:
    """Escape the text, but keep its tabs and line ends."""
    return _UNSAFE_IN_BLOCK.sub(_escape, text)


def escaped_json(document: str) -> str:
    """Escape the strings in a JSON document with JSON's own escapes."""
    return _UNSAFE_IN_BLOCK.sub(lambda found: json.dumps(found[0])[1:-1], document)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


class Filter:
    """Makes program output, in arbitrary pieces, safe for a terminal. Escapes invalid UTF-8."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")
        self._held = ""
        """The start of a sequence that the next piece may complete."""
        self._coloured = False

    def feed(self, content: bytes) -> str:
        """Return the text that can be shown now."""
        text = self._held + self._decoder.decode(content)
        unfinished = _UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._held = text[end:]
        return self._shown(text[:end])

    def finish(self) -> str:
        """Return the text held back, and reset the colours."""
        rest = self._shown(self._held + self._decoder.decode(b"", final=True))
        return rest + (_NO_COLOUR if self._coloured else "")

    def _shown(self, text: str) -> str:
        return _TOKEN.sub(self._token, text)

    def _token(self, found: re.Match[str]) -> str:
        kept: str | None = found["kept"]
        if kept is None:
            return _escape(found)
        if kept != "\r\n":
            self._coloured = kept not in (_NO_COLOUR, "\x1b[m")
        return kept


class Sink(Protocol):
    """Receives one stream of a program's output."""

    def write(self, content: bytes) -> None:
        """Write the content at once."""

    def finish(self) -> None:
        """End the stream."""


def sink(stream: TextIO, raw: bool) -> Sink:
    """Filter what goes to a terminal, unless `raw`; write exact bytes to anything else."""
    return _Exact(stream) if raw or not stream.isatty() else _Terminal(stream)


class _Exact:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, content: bytes) -> None:
        _write(self._stream, content)

    def finish(self) -> None:
        """Do nothing, as nothing is held back."""


class _Terminal:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._filter = Filter()

    def write(self, content: bytes) -> None:
        print_text(self._filter.feed(content), self._stream)

    def finish(self) -> None:
        print_text(self._filter.finish(), self._stream)


def print_line(text: str, *, err: bool = False) -> None:
    """Print a line of our own, escaped because it may quote text from others."""
    print_text(escaped(text) + "\n", sys.stderr if err else sys.stdout)


def print_text(text: str, stream: TextIO) -> None:
    """Print text that is already escaped. Also escape what the stream can't encode."""
    _write(stream, text.encode(stream.encoding or "utf-8", "backslashreplace"))


def _write(stream: TextIO, content: bytes) -> None:
    """Write everything, even if the stream is unbuffered (PYTHONUNBUFFERED) or non-blocking."""
    stream.flush()
    rest = memoryview(content)
    while rest:
        try:
            written = stream.buffer.write(rest)
        except BlockingIOError as error:
            written = error.characters_written
        if not written:
            select([], [stream], [])
        rest = rest[written or 0 :]
    while True:
        try:
            stream.buffer.flush()
        except BlockingIOError:
            select([], [stream], [])
        else:
            return
