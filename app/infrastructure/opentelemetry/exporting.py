"""Sends spans to a collector with OTLP over HTTP, as the standard variables of OpenTelemetry say.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import atexit
import logging
import os
import socket
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Final

import requests  # noqa: F401  # the exporter would import it within the first request
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk import resources
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider, export
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.util import re

from app.domain.masked import MASK
from app.infrastructure.opentelemetry.tracing import Pipeline

log = logging.getLogger(__name__)

END_SECONDS: Final = 2.0
"""For a batch once the process ends: whoever stops it waits."""


def make_pipeline() -> Pipeline:
    """What makes and exports the spans of this process, whose end exports the last ones.

    It has a thread, so the process must not fork any more.
    """
    for name in (resources.__name__, export.__name__):
        logging.getLogger(name).addFilter(_without_traceback)
    logging.getLogger(re.__name__).addFilter(_without_header)
    exporter = CollectorExporter(lambda seconds: trace_exporter.OTLPSpanExporter(timeout=seconds))
    processor, resource = BatchSpanProcessor(exporter), _resource()
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)

    def end() -> None:
        exporter.hurry()
        provider.shutdown()

    atexit.register(end)
    return Pipeline(provider.get_tracer("podline"), processor, resource)


class _Process(Resource):
    """The encoder hashes the resource of each span, and that of the SDK writes JSON each time."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash


def _resource() -> Resource:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before ours."""
    ours = {
        SERVICE_NAME: "podline",
        SERVICE_VERSION: version("podline"),
        SERVICE_INSTANCE_ID: f"{socket.gethostname()}:{os.getpid()}",
    }
    return _Process(Resource.create({**ours, **OTELResourceDetector().detect().attributes}))


class CollectorExporter(SpanExporter):
    """Logs a line when the collector becomes unavailable, and one when it is back.

    Spans that it doesn't accept are dropped: the vendor's exporter has tried for as long as
    OTEL_EXPORTER_OTLP_TIMEOUT says.
    """

    def __init__(self, make: Callable[[float | None], SpanExporter]) -> None:
        """`make` makes the vendor's, which tries for that many seconds, by default the standard."""
        self._make = make
        self._exporter = make(None)
        self._is_down = False
        self._is_ending = False
        self._reason = _Reason()
        for name in (trace_exporter.__name__, "opentelemetry.exporter.otlp.common.http"):
            logging.getLogger(name).addFilter(self._reason)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._is_ending and self._is_down:
            return SpanExportResult.FAILURE
        self._reason.text = ""
        result = self._exporter.export(spans)
        was_down, self._is_down = self._is_down, result is SpanExportResult.FAILURE
        if self._is_down and not was_down:
            log.warning("traces are lost until the collector accepts them: %s", self._reason.text)
        if was_down and not self._is_down:
            log.warning("the collector accepts traces again")
        return result

    def hurry(self) -> None:
        """Give up soon from now on, and at once if the collector is down: the process ends."""
        before, self._exporter = self._exporter, self._make(END_SECONDS)
        self._is_ending = True
        before.shutdown()

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Reason(logging.Filter):
    """Keeps the first line of the vendor's about a batch, which has the reason, and drops all."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.text = self.text or record.getMessage()
        return False


def _without_traceback(record: logging.LogRecord) -> bool:
    """Of a variable with a wrong value, whose name is in the message."""
    record.exc_info = None
    return True


def _without_header(record: logging.LogRecord) -> bool:
    """OTEL_EXPORTER_OTLP_HEADERS may hold a key of the collector."""
    record.args = (MASK,)
    return True
