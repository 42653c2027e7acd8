"""Parser for server-sent events (HTML Living Standard, 9.2.6)."""

from collections.abc import Iterator
from dataclasses import dataclass

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream."""

    event: str
    data: str
    id: str
    """The last id received, perhaps with an earlier event: the value for `Last-Event-ID`."""


class EventParser:
    """Parses a stream, received in arbitrary chunks, into events. `retry` fields are ignored."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._first_line = True
        self._id = ""
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that end in this chunk."""
        for line in self._lines.feed(chunk):
            if self._first_line:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                self._first_line = False
            if line:
                self._field(line.decode(errors="replace"))
            elif (event := self._dispatch()) is not None:
                yield event

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value

    def _dispatch(self) -> ServerSentEvent | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return ServerSentEvent(event, "\n".join(data), self._id) if data else None


class _Lines:
    """Splits at CR, LF and CRLF only, as the standard requires; `str.splitlines` splits at more."""

    def __init__(self) -> None:
        self._partial: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            return
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        end, *starts = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._partial.append(end)
        for start in starts:
            yield b"".join(self._partial)
            self._partial = [start]
