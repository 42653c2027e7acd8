"""An API server with responses that a test chooses."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """One response."""

    body: bytes = b"{}"
    status: int = 200
    cut_off: bool = False
    """Whether the connection ends before the whole body is sent."""


def refused(status: int, reason: str) -> Say:
    return Say(json.dumps({"reason": reason, "message": f"it said {reason}"}).encode(), status)


def listed(*pods: dict[str, Any], version: str = "1") -> Say:
    return Say(json.dumps({"metadata": {"resourceVersion": version}, "items": pods}).encode())


def events(*found: tuple[str, dict[str, Any]], cut_off: bool = False) -> Say:
    lines = [json.dumps({"type": kind, "object": thing}) + "\n" for kind, thing in found]
    return Say("".join(lines).encode(), cut_off=cut_off)


@dataclass(slots=True)
class ApiServer:
    """Sends its responses in order, and repeats the last one."""

    answers: Sequence[Say]
    kubeconfig: Path
    requests: list[str] = field(default_factory=list)
    """The requested paths, with queries."""

    def next(self, path: str) -> Say:
        self.requests.append(path)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]


@contextmanager
def api_server(folder: Path, *answers: Say) -> Iterator[ApiServer]:
    server = ApiServer(answers, folder / "kubeconfig")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            say = server.next(self.path)
            self.send_response(say.status)
            self.send_header("Content-Length", str(len(say.body) + say.cut_off))
            self.end_headers()
            self.wfile.write(say.body)
            self.close_connection = say.cut_off

        do_POST = do_GET  # noqa: N815  # its name is that of the method

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        write_kubeconfig(server.kubeconfig, f"http://127.0.0.1:{http.server_port}")
        yield server
        http.shutdown()


def write_kubeconfig(path: Path, url: str) -> None:
    """Write a kubeconfig for an API server without authentication."""
    path.write_text(
        json.dumps(
            {
                "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": url}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "nobody"}}],
                "users": [{"name": "nobody", "user": {}}],
            }
        )
    )
