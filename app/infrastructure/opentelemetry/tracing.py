"""The port of traces, with OpenTelemetry.

Spans are those of https://opentelemetry.io/docs/specs/otel/trace/api/, and the names of attributes
follow its conventions where it has some. The parent of each span is the context in the row: that of
the request which submitted the execution. So all are siblings, whichever process they are from.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    NoOpTracer,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import logs
from app.domain.execution import Change, Event, Execution, State, Time

log = logging.getLogger(__name__)

_HEADER: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_UNDER_WAY: Final = frozenset({State.STARTING, State.RUNNING})


@dataclass(slots=True)
class _Work:
    """What a thread does: a request, a step or a tick."""

    name: str
    began: int
    """In nanoseconds, as OpenTelemetry counts."""
    is_tick: bool = False
    span: Span | None = None
    row: Execution | None = None
    """Whose step it is, and what became of it so far."""


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


class OpenTelemetryTracing:
    """Nothing is made before the first span, so a process may fork until then."""

    def __init__(self, make_provider: Callable[[], TracerProvider]) -> None:
        self._make_provider = make_provider
        self._making = Lock()
        self._made: Tracer | None = None

    def request(self, method: str, route: str, traceparent: str | None) -> Callable[[int], None]:
        name = f"{method} {route}"
        work = _Work(name, time.time_ns())
        span = work.span = self._tracer.start_span(
            name,
            _context(traceparent),
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route},
        )
        _work.set(work)
        _name_in_logs(span)

        def end(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end()
            _work.set(None)

        return end

    def submission(self) -> str | None:
        work = _work.get()
        return None if work is None else _traceparent(self._span(work))

    def step(self, name: str) -> AbstractContextManager[None]:
        return _working(_Work(name, time.time_ns()))

    def tick(self, name: str) -> AbstractContextManager[None]:
        return _working(_Work(name, time.time_ns(), is_tick=True))

    def about(self, execution: Execution) -> None:
        work = _work.get()
        if work is None or work.is_tick or work.span or execution.traceparent is None:
            return
        work.row = execution
        work.span = self._tracer.start_span(
            work.name,
            _stored(execution.traceparent),
            SpanKind.CONSUMER,
            start_time=work.began,
        )
        _name_in_logs(work.span)

    def changed(self, change: Change) -> None:
        execution = change.after
        if execution.traceparent is None:
            return
        work = _work.get()
        if work and work.row and work.row.id == execution.id:
            work.row = execution
        else:
            self._mark(execution.state.value, execution, work)
        if times := _attempt(change):
            self._record_attempt(change, *times)

    def continued(self, execution: Execution) -> None:
        work = _work.get()
        if work and execution.traceparent is not None:
            self._mark(work.name, execution, work)

    @contextmanager
    def callback(self, execution: Execution) -> Iterator[str | None]:
        if execution.traceparent is None:
            yield None
            return
        span = self._tracer.start_span(
            "callback", _stored(execution.traceparent), SpanKind.CLIENT, _facts(execution)
        )
        _name_in_logs(span)
        with _ended(span):
            yield _traceparent(span)

    @contextmanager
    def relay(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        traced = {each.execution_id: each.traceparent for each in events if each.traceparent}
        spans = {
            execution_id: self._tracer.start_span(
                "relay",
                _stored(traceparent),
                SpanKind.PRODUCER,
                {"podline.execution.id": execution_id},
            )
            for execution_id, traceparent in traced.items()
        }
        contexts = {execution_id: _traceparent(span) for execution_id, span in spans.items()}
        with _ended(*spans.values()):
            yield (
                [replace(each, traceparent=contexts.get(each.execution_id)) for each in events]
                if spans
                else events
            )

    @property
    def _tracer(self) -> Tracer:
        if self._made is None:
            with self._making:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def _make(self) -> Tracer:
        try:
            return self._make_provider().get_tracer("podline")
        except Exception as error:  # noqa: BLE001  # of each variable with a wrong value another
            log.warning("there are no traces: %s", error)
            return NoOpTracer()

    def _span(self, work: _Work) -> Span:
        """The span of the work. That of a tick or a replay begins a trace, once it is needed."""
        if work.span is None:
            work.span = self._tracer.start_span(work.name, Context(), start_time=work.began)
        return work.span

    def _mark(self, name: str, execution: Execution, cause: _Work | None) -> None:
        """Record what others do to an execution, as a moment in its own trace."""
        self._tracer.start_span(
            name,
            _stored(execution.traceparent),
            attributes=_facts(execution),
            links=self._links(cause),
        ).end()

    def _links(self, cause: _Work | None) -> Sequence[Link]:
        """A step that is not recorded is one of an execution that is not traced."""
        if cause is None or not (cause.span or cause.is_tick):
            return ()
        return [Link(self._span(cause).get_span_context())]

    def _record_attempt(self, change: Change, began: Time, ended: Time) -> None:
        execution = change.after
        span = self._tracer.start_span(
            "attempt",
            _stored(execution.traceparent),
            attributes=_facts(execution),
            start_time=_nanoseconds(began),
        )
        if execution.state in (State.QUEUED, State.FAILED):
            span.set_status(StatusCode.ERROR)
        span.end(_nanoseconds(ended))


@contextmanager
def _working(work: _Work) -> Iterator[None]:
    token = _work.set(work)
    try:
        yield
    except BaseException as error:  # raised again
        _fail(work.span, error)
        raise
    finally:
        _work.reset(token)
        if work.span:
            if work.row:
                work.span.set_attributes(_facts(work.row))
            work.span.end()


@contextmanager
def _ended(*spans: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:  # raised again
        for span in spans:
            _fail(span, error)
        raise
    finally:
        for span in spans:
            span.end()


def _fail(span: Span | None, error: BaseException) -> None:
    """Record the kind of the error, without its text."""
    if span:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(StatusCode.ERROR)


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


def _facts(execution: Execution) -> Mapping[str, str | int]:
    facts: dict[str, str | int] = {
        "podline.execution.id": execution.id,
        "podline.attempt": execution.attempt,
        "podline.state": execution.state.value,
    }
    if execution.outcome is not None:
        facts["podline.outcome"] = execution.outcome.value
    return facts


def _context(traceparent: str | None) -> Context:
    """The context to continue: empty, which begins a trace, without a valid one."""
    return _W3C.extract({_HEADER: traceparent}, Context()) if traceparent else Context()


_stored: Final = lru_cache(256)(_context)
"""That of a row, which all steps of an execution continue. Nothing that a client sent is kept."""


def _traceparent(span: Span) -> str | None:
    """None for a span that is none, because there is nothing that could record it."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get(_HEADER)


def _name_in_logs(span: Span) -> None:
    context = span.get_span_context()
    if context.is_valid:
        logs.about_trace(format_trace_id(context.trace_id))


def _nanoseconds(time: Time) -> int:
    return time * 1_000
