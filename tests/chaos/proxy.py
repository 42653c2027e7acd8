"""A TCP proxy between the clients and the API, whose connections can be slow, or be cut."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

_PIECE_BYTES: Final = 4096
_TO_CONNECT: Final = 2.0


class Proxy:
    """Forwards connections to a port of this machine, which may change and be closed."""

    def __init__(self, port: Callable[[], int]) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._delay = 0.0

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # which wakes `accept`
        self._server.close()
        self.cut()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def cut(self) -> None:
        """Break all connections, in the middle of whatever they transfer."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def slow(self, delay: float) -> Iterator[None]:
        """Hold back each piece by so many seconds meanwhile."""
        self._delay = delay
        try:
            yield
        finally:
            self._delay = 0.0

    def _serve(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._forward, args=[client], daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client:
            try:
                api = socket.create_connection(("127.0.0.1", self._port()), _TO_CONNECT)
            except (OSError, ValueError):  # the API is down, or its port is not known yet
                return
            with api:
                api.settimeout(None)
                with self._lock:
                    self._open |= {client, api}
                back = threading.Thread(target=self._pump, args=[api, client], daemon=True)
                back.start()
                self._pump(client, api)
                back.join()
                with self._lock:
                    self._open -= {client, api}

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE_BYTES):
                if self._delay:
                    time.sleep(self._delay)
                target.sendall(piece)
        for each, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with suppress(OSError):
                each.shutdown(how)
