"""Traces that are kept in memory, for tests of what is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

from app.infrastructure.opentelemetry.tracing import OpenTelemetryTracing, Pipeline
from tests.support.builders import TRACEPARENT

_, TRACE, PARENT, _ = TRACEPARENT.split("-")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One span."""

    name: str
    trace: str
    id: str
    traceparent: str
    """Its context, as it is sent on."""
    parent: str | None
    attributes: Mapping[str, Any]
    links: Sequence[str]
    """The ids of spans."""
    error: bool
    start: int
    end: int
    """In nanoseconds."""

    @classmethod
    def of(cls, span: ReadableSpan) -> "Recorded":
        context = span.get_span_context()
        assert context is not None
        assert span.start_time is not None
        assert span.end_time is not None
        return cls(
            name=span.name,
            trace=f"{context.trace_id:032x}",
            id=f"{context.span_id:016x}",
            traceparent=f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}",
            parent=f"{span.parent.span_id:016x}" if span.parent else None,
            attributes=dict(span.attributes or {}),
            links=[f"{link.context.span_id:016x}" for link in span.links],
            error=not span.status.is_ok and not span.status.is_unset,
            start=span.start_time,
            end=span.end_time,
        )


class Recording:
    """The adapter, and what it has recorded."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.made = 0
        """How many pipelines were made."""
        self._sampler = sampler or ParentBased(ALWAYS_ON)
        self.tracing = OpenTelemetryTracing(self._make)

    def _make(self) -> Pipeline:
        self.made += 1
        processor = SimpleSpanProcessor(self._exporter)
        provider = TracerProvider(self._sampler, shutdown_on_exit=False)
        provider.add_span_processor(processor)
        return Pipeline(provider.get_tracer("podline"), processor, provider.resource)

    def spans(self, name: str | None = None) -> list[Recorded]:
        """Those that have ended, in the order of their ends."""
        spans = map(Recorded.of, self._exporter.get_finished_spans())
        return [span for span in spans if name in (None, span.name)]

    def one(self, name: str) -> Recorded:
        (span,) = self.spans(name)
        return span

    def exported(self) -> str:
        """Everything that leaves the process."""
        return "\n".join(span.to_json() for span in self._exporter.get_finished_spans())
