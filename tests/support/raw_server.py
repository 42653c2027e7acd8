"""A server that answers every request with the bytes that a test chose, and hangs up."""

import socket
import threading
import time
from types import TracebackType
from typing import Self


class RawServer:
    """Sends `answer`, which may be any bytes, and counts requests."""

    answer: bytes = b""
    repeats: bytes = b""
    """What follows the answer again and again, until the client has enough."""
    at_once: bool = False
    """Whether it sends the answer without a request that it understands."""
    requests: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # shut down
            with connection:
                self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        try:
            if not self.at_once:
                self._read_request(connection)
            self.requests += 1
            connection.sendall(self.answer)
            while self.repeats:
                connection.sendall(self.repeats)
                time.sleep(0.01)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            pass  # the client has seen enough

    @staticmethod
    def _read_request(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (chunk := connection.recv(65536)):
            request += chunk


def http(status: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return a response in wire format, which is well-formed if its parts are."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
