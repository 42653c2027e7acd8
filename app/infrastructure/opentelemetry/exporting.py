"""Sends spans to a collector with OTLP over HTTP, as the standard variables of OpenTelemetry say.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import atexit
import logging
import os
import socket
from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

log = logging.getLogger(__name__)


def make_provider() -> TracerProvider:
    """What makes and exports the spans of this process, whose end exports the last ones.

    It has a thread, so the process must not fork any more.
    """
    exporter = CollectorExporter(trace_exporter.OTLPSpanExporter())
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))

    def end() -> None:
        exporter.waste_no_time()
        provider.shutdown()

    atexit.register(end)
    return provider


def _resource() -> Resource:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before ours."""
    ours = {
        SERVICE_NAME: "podline",
        SERVICE_VERSION: version("podline"),
        SERVICE_INSTANCE_ID: f"{socket.gethostname()}:{os.getpid()}",
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


class CollectorExporter(SpanExporter):
    """Logs a line when the collector becomes unavailable, and one when it is back.

    Spans that it doesn't accept are dropped: the vendor's exporter has tried for as long as
    OTEL_EXPORTER_OTLP_TIMEOUT says.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_down = False
        self._reason = _Reason()
        for name in (trace_exporter.__name__, "opentelemetry.exporter.otlp.common.http"):
            logging.getLogger(name).addFilter(self._reason)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        was_down, self._is_down = self._is_down, result is SpanExportResult.FAILURE
        if self._is_down and not was_down:
            log.warning("traces are lost until the collector accepts them: %s", self._reason.text)
        if was_down and not self._is_down:
            log.warning("the collector accepts traces again")
        return result

    def waste_no_time(self) -> None:
        """Give up if the collector is unavailable, because the process ends."""
        if self._is_down:
            self.shutdown()

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Reason(logging.Filter):
    """Keeps the vendor's latest line, and lets none through: it writes several for each batch."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.text = record.getMessage()
        return False
