"""What an attached stream says: that the input was taken, and how the program ended."""

from collections.abc import Iterable
from typing import Any, cast

import pytest
from websocket import ABNF, WebSocket, WebSocketTimeoutException

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.kubernetes.attached import Attached
from tests.support.waiting import wait_until

TAKEN = b'{"taken": 5}\n'
FRAME = b'{"stage": 1, "of": 1, "content": "' + b"x" * 8000 + b'"}\n'
END = b'{"end": {"fault": "no"}}\n'
CLOSED = None
SILENT = b""


class Scripted:
    """A connection that receives these pieces of stdout, or is closed or silent."""

    def __init__(self, pieces: Iterable[bytes | None]) -> None:
        self._pieces = iter(pieces)
        self.sent = b""
        self.is_open = True

    def send_binary(self, message: bytes) -> None:
        assert message[:1] == b"\0"
        self.sent += message[1:]

    def recv_data(self) -> tuple[int, bytes]:
        piece = next(self._pieces, CLOSED)
        if piece == SILENT:
            raise WebSocketTimeoutException
        return (ABNF.OPCODE_CLOSE, b"") if piece is None else (ABNF.OPCODE_BINARY, piece)

    def shutdown(self) -> None:
        self.is_open = False


def attached(*pieces: bytes | None, channel: bytes = b"\1") -> tuple[Attached, Scripted]:
    socket = Scripted(piece and channel + piece for piece in pieces)
    return Attached(cast(WebSocket, socket)), socket


def followed(*pieces: bytes | None) -> tuple[Attached, list[Any]]:
    """Handed over, and followed to its end."""
    stream, _ = attached(TAKEN, *pieces)
    stream.hand_over(b"input")
    ends: list[Any] = []
    stream.follow(60, lambda: ends.append(stream.end))
    assert stream.wait(60)
    wait_until(lambda: bool(ends) or stream.end is None)
    return stream, ends


def test_input_is_sent_in_pieces_until_it_is_taken() -> None:
    stream, socket = attached(TAKEN[:4], TAKEN[4:])
    message = bytes(range(256)) * 1000
    stream.hand_over(message)

    assert socket.sent == message
    assert not stream.wait(0)


@pytest.mark.parametrize("pieces", [(), (CLOSED,), (SILENT,), (FRAME,)])
def test_input_that_was_not_taken_is_an_error(pieces: tuple[bytes | None, ...]) -> None:
    stream, socket = attached(*pieces)
    with pytest.raises(RuntimeUnavailable):
        stream.hand_over(b"input")

    assert not socket.is_open


def test_other_channels_are_no_log() -> None:
    stream, _ = attached(TAKEN, channel=b"\3")
    with pytest.raises(RuntimeUnavailable):
        stream.hand_over(b"input")


def test_the_log_ends_with_the_end_record() -> None:
    stream, ends = followed(FRAME, SILENT, END[:5], END[5:])

    assert stream.log == TAKEN + FRAME + END
    assert ends == [END.decode()]


def test_a_long_log_is_not_kept_but_its_end_is() -> None:
    stream, ends = followed(*[FRAME] * 140, END)

    assert stream.log is None
    assert ends == [END.decode()]


def test_a_connection_that_ends_early_says_nothing() -> None:
    stream, ends = followed(FRAME, END[:-1])

    assert (stream.end, stream.log, ends) == (None, None, [])
