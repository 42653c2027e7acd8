"""The port of traces, with OpenTelemetry.

Spans are those of https://opentelemetry.io/docs/specs/otel/trace/api/, and the names of attributes
follow its conventions where it has some. The parent of each span is the context in the row: that of
the request which submitted the execution. So all are siblings, whichever process they are from.

The sampler decides about requests and ticks, whose spans the SDK's tracer makes. The context in the
row says what was decided: if an execution is not sampled, the rest costs next to nothing. If it is,
each span is made in one piece at its end, which takes a tenth of what the tracer would.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import Final, TypeAlias

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NoOpTracer,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import logs
from app.domain.execution import Change, Event, Execution, State, Time

log = logging.getLogger(__name__)

_HEADER: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_IDS: Final = RandomIdGenerator()
_SCOPE: Final = InstrumentationScope("podline")
_UNSET: Final = Status()
_ERROR: Final = Status(StatusCode.ERROR)
_UNDER_WAY: Final = frozenset({State.STARTING, State.RUNNING})

_Facts: TypeAlias = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Where the spans of a process go."""

    tracer: Tracer
    """Makes those about which the sampler decides."""
    processor: SpanProcessor
    """Takes the others."""
    resource: Resource
    """The process."""


@dataclass(slots=True)
class _Child:
    """A span below that of the request which submitted the execution."""

    name: str
    parent: SpanContext
    kind: SpanKind
    began: int
    """In nanoseconds, as OpenTelemetry counts."""
    context: SpanContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = SpanContext(
            self.parent.trace_id,
            _IDS.generate_span_id(),
            is_remote=False,
            trace_flags=self.parent.trace_flags,
        )


@dataclass(slots=True)
class _Work:
    """What a thread does: a request, a step or a tick."""

    name: str
    began: int
    """In nanoseconds."""
    is_tick: bool = False
    span: Span | None = None
    """Of a request; of a tick or a replay, once it is needed."""
    child: _Child | None = None
    """Of a step for an execution that is sampled."""
    row: Execution | None = None
    """Whose step it is, and what became of it so far, with `child`."""


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


class OpenTelemetryTracing:
    """Nothing is made before the first span, so a process may fork until then."""

    def __init__(self, make_pipeline: Callable[[], Pipeline]) -> None:
        self._make_pipeline = make_pipeline
        self._making = Lock()
        self._made: Pipeline | None = None

    def request(self, method: str, route: str, traceparent: str | None) -> Callable[[int], None]:
        name = f"{method} {route}"
        span = self._pipeline.tracer.start_span(
            name,
            _extracted(traceparent),
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route},
        )
        _work.set(_Work(name, time.time_ns(), span=span))
        context = span.get_span_context()
        if context.is_valid:
            logs.about_trace(format_trace_id(context.trace_id))

        def end(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end()
            _work.set(None)

        return end

    def submission(self) -> str | None:
        work = _work.get()
        return None if work is None else _traceparent(self._context(work))

    def step(self, name: str) -> AbstractContextManager[None]:
        return self._working(_Work(name, time.time_ns()))

    def tick(self, name: str) -> AbstractContextManager[None]:
        return self._working(_Work(name, time.time_ns(), is_tick=True))

    def about(self, execution: Execution) -> None:
        work = _work.get()
        if work is None or work.is_tick or work.span or work.child:
            return
        _name_in_logs(execution)
        if parent := _sampled(execution.traceparent):
            work.child = _Child(work.name, parent, SpanKind.CONSUMER, work.began)
            work.row = execution

    def changed(self, change: Change) -> None:
        execution = change.after
        parent = _sampled(execution.traceparent)
        if parent is None:
            return
        work = _work.get()
        if work and work.row and work.row.id == execution.id:
            work.row = execution
        else:
            self._mark(execution.state.value, execution, parent, work)
        if times := _attempt(change):
            began, ended = map(_nanoseconds, times)
            self._record(
                _Child("attempt", parent, SpanKind.INTERNAL, began),
                _facts(execution),
                ended,
                _ERROR if execution.state in (State.QUEUED, State.FAILED) else _UNSET,
            )

    def continued(self, execution: Execution) -> None:
        work, parent = _work.get(), _sampled(execution.traceparent)
        if work and parent:
            self._mark(work.name, execution, parent, work)

    @contextmanager
    def callback(self, execution: Execution) -> Iterator[str | None]:
        _name_in_logs(execution)
        parent = _sampled(execution.traceparent)
        if parent is None:
            yield execution.traceparent
            return
        child = _Child("callback", parent, SpanKind.CLIENT, time.time_ns())
        with _ending(lambda error: self._record_end(child, _facts(execution), error)):
            yield _traceparent(child.context)

    @contextmanager
    def relay(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        began = time.time_ns()
        contexts = {each.execution_id: each.traceparent for each in events}
        children = {
            execution_id: _Child("relay", parent, SpanKind.PRODUCER, began)
            for execution_id, traceparent in contexts.items()
            if (parent := _sampled(traceparent))
        }
        if not children:
            yield events
            return
        contexts |= {id: _traceparent(child.context) for id, child in children.items()}

        def end(error: BaseException | None) -> None:
            for execution_id, child in children.items():
                self._record_end(child, {"podline.execution.id": execution_id}, error)

        with _ending(end):
            yield [replace(each, traceparent=contexts[each.execution_id]) for each in events]

    @property
    def _pipeline(self) -> Pipeline:
        if self._made is None:
            with self._making:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def _make(self) -> Pipeline:
        try:
            return self._make_pipeline()
        except Exception as error:  # noqa: BLE001  # of each variable with a wrong value another
            log.warning("there are no traces: %s", error)
            return Pipeline(NoOpTracer(), SpanProcessor(), Resource.get_empty())

    @contextmanager
    def _working(self, work: _Work) -> Iterator[None]:
        token = _work.set(work)
        try:
            with _ending(lambda error: self._end(work, error)):
                yield
        finally:
            _work.reset(token)

    def _end(self, work: _Work, error: BaseException | None) -> None:
        if work.child and work.row:
            self._record_end(work.child, _facts(work.row), error)
        if work.span:
            if error:
                work.span.set_attributes(_error(error))
                work.span.set_status(StatusCode.ERROR)
            work.span.end()

    def _context(self, work: _Work) -> SpanContext:
        """That of its span. That of a tick or a replay begins a trace, once it is needed."""
        if work.child:
            return work.child.context
        if work.span is None:
            work.span = self._pipeline.tracer.start_span(
                work.name, Context(), start_time=work.began
            )
        return work.span.get_span_context()

    def _mark(
        self, name: str, execution: Execution, parent: SpanContext, cause: _Work | None
    ) -> None:
        """Record what others do to an execution, as a moment in its own trace."""
        now = time.time_ns()
        child = _Child(name, parent, SpanKind.INTERNAL, now)
        self._record(child, _facts(execution), now, _UNSET, self._links(cause))

    def _links(self, cause: _Work | None) -> Sequence[Link]:
        """A step that is not recorded is one of an execution that is not traced."""
        if cause is None or not (cause.child or cause.span or cause.is_tick):
            return ()
        return [Link(self._context(cause))]

    def _record_end(self, child: _Child, facts: _Facts, error: BaseException | None) -> None:
        if error:
            self._record(child, facts | _error(error), time.time_ns(), _ERROR)
        else:
            self._record(child, facts, time.time_ns(), _UNSET)

    def _record(
        self,
        child: _Child,
        facts: _Facts,
        ended: int,
        status: Status,
        links: Sequence[Link] = (),
    ) -> None:
        span = ReadableSpan(
            child.name,
            child.context,
            child.parent,
            self._pipeline.resource,
            facts,
            links=links,
            kind=child.kind,
            status=status,
            start_time=child.began,
            end_time=ended,
            instrumentation_scope=_SCOPE,
        )
        self._pipeline.processor.on_end(span)


@contextmanager
def _ending(end: Callable[[BaseException | None], None]) -> Iterator[None]:
    """Call `end` after the block, with the error that it raised, if any."""
    try:
        yield
    except BaseException as error:  # raised again
        end(error)
        raise
    end(None)


def _error(error: BaseException) -> _Facts:
    """The kind of an error, without its text."""
    return {"error.type": type(error).__name__}


def _attempt(change: Change) -> tuple[Time, Time] | None:
    """When the attempt that ends with this transition began and ended.

    None if none ends, or if it only gave its slot back.
    """
    before, after = change.before, change.after
    if after.state is State.FINISHED and after.started_at and after.finished_at:
        return after.started_at, after.finished_at
    if (
        before.state not in _UNDER_WAY
        or after.state in _UNDER_WAY
        or after.attempt < before.attempt
    ):
        return None
    now = change.event.time
    return before.started_at or before.admitted_at or now, now


def _facts(execution: Execution) -> _Facts:
    facts: _Facts = {
        "podline.execution.id": execution.id,
        "podline.attempt": execution.attempt,
        "podline.state": execution.state.value,
    }
    if execution.outcome is not None:
        facts["podline.outcome"] = execution.outcome.value
    return facts


def _extracted(traceparent: str | None) -> Context:
    """The context to continue: empty, which begins a trace, without a valid one."""
    return _W3C.extract({_HEADER: traceparent}, Context()) if traceparent else Context()


@lru_cache(256)
def _sampled(traceparent: str | None) -> SpanContext | None:
    """The context in a row, which all spans of an execution have as their parent.

    None if nothing of the execution is recorded.
    """
    context = get_current_span(_extracted(traceparent)).get_span_context()
    return context if context.trace_flags.sampled else None


def _traceparent(context: SpanContext) -> str | None:
    """None for the context of nothing, as there is no tracer."""
    if not context.is_valid:
        return None
    ids = f"{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}"
    return f"00-{ids}-{context.trace_flags:02x}"


def _name_in_logs(execution: Execution) -> None:
    if execution.traceparent is not None:
        _, trace_id, *_ = execution.traceparent.split("-")
        logs.about_trace(trace_id)


def _nanoseconds(time: Time) -> int:
    return time * 1_000
