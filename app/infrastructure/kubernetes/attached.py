"""The streams of a collector that was started ahead: input goes in, and its log comes out.

Only the collector writes there, so an end record that arrives is the verdict. The cluster says so
up to a second later, when the kubelet has looked at its containers again.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from websocket import ABNF, WebSocket, WebSocketException, WebSocketTimeoutException

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.kubernetes.handover import TAKEN

_STDIN: Final = b"\0"
_STDOUT: Final = b"\1"
"""The first byte of a message: https://kubernetes.io/docs/reference/using-api/api-concepts/, and
`v4.channel.k8s.io` in the API server's code.
"""
_PIECE_BYTES: Final = 64 * 1024
_MOST_KEPT: Final = 1024 * 1024
"""Bytes of a log that are kept. Whoever needs a longer one reads it from the cluster."""
_END: Final = b'{"end"'

_log = logging.getLogger(__name__)


class Attached:
    """One collector's streams, for one caller who hands over, and any number who wait."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._received = bytearray()
        self._whole = True
        self._finished = threading.Event()

    def hand_over(self, message: bytes) -> None:
        """Send the message, and return once the collector has taken it or has reported a fault.

        Raises RuntimeUnavailable.
        """
        try:
            self.send(message)
            while b"\n" not in self._received:
                self._receive()
        except (WebSocketException, OSError) as error:
            self.close()
            raise RuntimeUnavailable(f"the input was not taken: {error}") from error
        if not self._received.startswith((TAKEN, _END)):
            self.close()
            raise RuntimeUnavailable("the collector took its input from somebody else")

    def send(self, content: bytes) -> None:
        """Raises WebSocketException and OSError."""
        for at in range(0, len(content), _PIECE_BYTES):
            self._socket.send_binary(_STDIN + content[at : at + _PIECE_BYTES])

    def follow(self, seconds: float, ended: Callable[[], None]) -> None:
        """Receive in a thread until the log ends, for at most that long. Then call `ended`."""
        until = monotonic() + seconds

        def receive() -> None:
            with suppress(WebSocketException, OSError):
                while self.end is None and monotonic() < until:
                    with suppress(WebSocketTimeoutException):
                        self._receive()
            self.close()
            if self.end is not None:
                ended()

        threading.Thread(target=receive, name="attached", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until the end record is here, or will not come. Returns False if that takes long."""
        return self._finished.wait(seconds)

    @property
    def end(self) -> str | None:
        """The end record. None until it is here."""
        if not self._received.endswith(b"\n"):
            return None
        last = self._received[self._received.rfind(b"\n", 0, -1) + 1 :]
        return last.decode(errors="replace") if last.startswith(_END) else None

    @property
    def log(self) -> bytes | None:
        """The whole log. None if it is too long, or has not ended."""
        return bytes(self._received) if self._whole and self.end is not None else None

    def close(self) -> None:
        with suppress(WebSocketException, OSError):
            self._socket.shutdown()  # type: ignore[no-untyped-call]  # it has no types
        self._finished.set()

    def _receive(self) -> None:
        kind, data = self._socket.recv_data()
        if kind == ABNF.OPCODE_CLOSE:
            raise WebSocketException(
                f"the connection was closed: {data[2:].decode(errors='replace')}"
            )
        if data[:1] != _STDOUT:
            return
        self._received += data[1:]
        if len(self._received) > _MOST_KEPT:
            self._whole = False
            del self._received[: self._received.rfind(b"\n", 0, -1) + 1]
