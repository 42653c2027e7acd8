"""A collector of traces: it receives OTLP over HTTP on the loopback interface.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.support.traces import Recorded


@dataclass(frozen=True, slots=True)
class Sent:
    """A span, and the process that sent it."""

    span: Recorded
    kind: str
    resource: Mapping[str, Any]


@dataclass
class Collector:
    port: int = 0
    """0 chooses a free one."""
    status: int = 200
    """Of each response."""
    sent: list[Sent] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """As they were received."""

    def __enter__(self) -> Self:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                if collector.status == 200:
                    collector.bodies.append(body)
                    collector.sent += _read(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def spans(self, name: str | None = None) -> list[Recorded]:
        return [each.span for each in self.sent if name in (None, each.span.name)]


def _read(body: bytes) -> list[Sent]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Sent(_recorded(span), Span.SpanKind.Name(span.kind), _attributes(group.resource.attributes))
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _recorded(span: Span) -> Recorded:
    trace, id = span.trace_id.hex(), span.span_id.hex()
    return Recorded(
        name=span.name,
        trace=trace,
        id=id,
        traceparent=f"00-{trace}-{id}-01",  # only what is sampled is sent
        parent=span.parent_span_id.hex() or None,
        attributes=_attributes(span.attributes),
        links=[link.span_id.hex() for link in span.links],
        error=span.status.code == Status.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    def value(pair: KeyValue) -> Any:
        kind = pair.value.WhichOneof("value")
        assert kind is not None
        return getattr(pair.value, kind)

    return {pair.key: value(pair) for pair in pairs}
