"""A server that doesn't pass on some responses, in front of another one."""

import socket
import threading
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self


class Forgetful:
    """Passes on what clients send, but not the response to what contains all of `loses`.

    It closes that connection instead, once the server has responded: it has done what it was
    asked for. If it is `silent`, it keeps the connection, and the client waits in vain.
    """

    loses: tuple[bytes, ...] = ()
    """Applies to one request, and is empty afterwards."""
    loses_all = False
    """It applies to all such requests."""

    def __init__(self, port: int, *, silent: bool = False) -> None:
        self._server = ("127.0.0.1", port)
        self._silent = silent
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._listener = self._running.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port: int = self._listener.getsockname()[1]
        self._running.callback(self._listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._server) as server:
            while request := _message(client):
                server.sendall(request)
                response = _message(server)
                if self.loses and all(part in request for part in self.loses):
                    if not self.loses_all:
                        self.loses = ()
                    if self._silent:
                        client.recv(1)
                    return
                client.sendall(response)


def _message(source: socket.socket) -> bytes:
    """A message of MongoDB's wire protocol, which begins with its length; empty at the end."""
    head = source.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return b""
    return head + source.recv(int.from_bytes(head, "little") - 4, socket.MSG_WAITALL)
