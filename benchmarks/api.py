"""A minimal API client for load generation, with one persistent connection per thread.

The client package would cost a millisecond of CPU time per call, which the service needs too.
"""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any, Final
from urllib.parse import urlsplit

from app.domain.execution import UNFINISHED

EXECUTIONS: Final = "/api/v1/executions"
BATCHES: Final = "/api/v1/batches"
KEYS: Final = "/api/v1/keys"
QUEUE: Final = "/api/v1/queue"
PRINT_1: Final = "print(1)\n"
_CLOSED_WHILE_IDLE: Final = (RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class Unavailable(AssertionError):
    """The response was 503."""


class Api:
    """Thread-safe calls to one service."""

    def __init__(self, url: str, key: str) -> None:
        self.address = urlsplit(url).netloc
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._of_thread = threading.local()

    def run(self, source: str = PRINT_1, **fields: object) -> dict[str, Any]:
        """Submit a program and wait for its result."""
        execution = self._post("?wait=60", source, fields)
        while execution["state"] in UNFINISHED:
            execution = self.call("GET", f"{EXECUTIONS}/{execution['id']}?wait=60")
        assert execution["outcome"] == "success", execution
        return execution

    def submit(self, source: str = PRINT_1, **fields: object) -> dict[str, Any]:
        """Submit a program without waiting for it."""
        return self._post("", source, fields)

    def queue(self) -> dict[str, Any]:
        return self.call("GET", QUEUE)

    def call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """Send a request and return the response's body.

        Fails unless the status is 2xx: for 503 with Unavailable.
        """
        try:
            status, content = self._send(method, path, body)
        except _CLOSED_WHILE_IDLE:
            self._connection().close()
            status, content = self._send(method, path, body)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise Unavailable(method, path, content)
        assert 200 <= status < 300, (method, path, status, content)
        answer: dict[str, Any] = json.loads(content)
        return answer

    def _post(self, query: str, source: str, fields: Mapping[str, object]) -> dict[str, Any]:
        body = {"language": "python", "source": source, **fields}
        return self.call("POST", EXECUTIONS + query, json.dumps(body).encode())

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = self._connection()
        connection.request(method, path, body, self.headers)
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = HTTPConnection(self.address, timeout=90)
        return connection
