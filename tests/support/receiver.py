"""A receiver of callbacks, by default on the loopback interface."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

ENOUGH_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def execution_id(self) -> str:
        return self.headers["Podline-Delivery"].rpartition(".")[0]


def accept(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def accept_and_keep(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def respond(status: str) -> Callable[[socket.socket], None]:
    """With that status and a location."""
    head = f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    return lambda connection: connection.sendall(head.encode())


@dataclass
class Receiver:
    """Reads each request whole, and then lets `answer` do what it likes with the connection."""

    answer: Callable[[socket.socket], None] = accept
    context: ssl.SSLContext | None = None
    keeps: bool = False
    """Whether connections stay open for another request, if the answer allows it."""
    host: str = "127.0.0.1"
    connections: int = 0
    received: list[Received] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                receiver.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._note(Received(self.command, self.path, dict(self.headers), body))
                with suppress(OSError):
                    receiver.answer(self.connection)
                self.close_connection = not receiver.keeps

            do_PUT = do_POST  # noqa: N815  # the name that the server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((self.host, 0), Handler)
        if self.context is not None:
            plain = self._server.socket
            self._server.socket = self.context.wrap_socket(plain, server_side=True)
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # handshakes
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/ended"

    def ids(self) -> list[str]:
        """The execution of each request, in order."""
        with self._arrived:
            return [each.execution_id for each in self.received]

    def wait_for(self, how_many: int, within: float = ENOUGH_SECONDS) -> None:
        """Wait until that many requests have arrived."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.received) >= how_many, within)
            assert arrived, f"{len(self.received)} of {how_many} callbacks arrived"

    def _note(self, received: Received) -> None:
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
