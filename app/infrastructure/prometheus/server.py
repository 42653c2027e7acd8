"""/metrics of a process that has no API: a worker's."""

from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from app.ports import METRICS_MEDIA_TYPE, Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH: Final = "/metrics"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    timeout = 10
    """Seconds for a client to say what it wants."""

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are no news."""


def serve(metrics: Metrics, host: str, port: int) -> int:
    """Answer until the process ends, in threads of its own; the port. OSError if that fails."""
    server = make_server(host, port, _application(metrics), _Server, _SilentHandler)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server.server_port


def _application(
    metrics: Metrics,
) -> "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]":
    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        text = metrics.exposition()
        start_response("200 OK", [("Content-Type", METRICS_MEDIA_TYPE)])
        return [text]

    return answer
