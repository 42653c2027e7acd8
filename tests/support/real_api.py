"""The real API over real HTTP, on a test's own ports."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.domain.api_key import Role
from app.service import keys
from podline import Client
from tests.support.twins import Twins

Wsgi = Callable[..., Any]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, *_: object) -> None:
        """Let the client notice that a test broke the connection."""
        self.close_connection = True

    def log(self, *_: object) -> None:
        """Discard the log."""


@contextmanager
def served(
    twins: Twins, around: Callable[[Wsgi], Wsgi] = lambda app: app, *, port: int = 0
) -> Iterator[str]:
    """Serve the API and yield its URL. `around` wraps the application; port 0 is any."""
    app = around(create_app(twins.ports))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def a_client(twins: Twins, url: str, role: Role, name: str = "ada") -> Client:
    return Client(url, a_key(twins, role, name), timeout=60, retries=1)


def a_key(twins: Twins, role: Role, name: str = "ada") -> str:
    """Return the secret of a new key."""
    return keys.create(twins.ports.store.keys, twins.ports.clock, name, role)[1]
