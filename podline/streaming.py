"""The live stream of an execution or a batch, which survives broken connections."""

from base64 import b64decode
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from podline.connection import Connection
from podline.deadline import NEVER, Deadline
from podline.decoding import decode, parse
from podline.errors import ProtocolError, Unavailable, Unreachable
from podline.models import Execution, Limit, State
from podline.patience import Patience
from podline.sse import EventParser, ServerSentEvent

T = TypeVar("T")

_SILENCE: Final = 45.0
"""Seconds without a byte after which a connection counts as dead: three heartbeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEvent:
    """The execution entered this state."""

    state: State
    version: int
    attempt: int
    time: datetime
    message: str | None
    """Why the last attempt or the execution failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputEvent:
    """A piece of the program's live output."""

    stream: str
    """`stdout` or `stderr`."""
    attempt: int
    offset: int
    """Bytes that the attempt printed on this stream before."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEvent:
    """A test has ended or was skipped. The result says what it is worth."""

    attempt: int
    index: int
    """0 for the first test."""
    exit_code: int | None = None
    """None also if the test was skipped, and then everything else is."""
    signal: str | None = None
    stopped_by: Limit | None = None
    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_kib: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEvent:
    """The execution with its result, which contains the whole output."""

    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent:
    """The last event: the execution is in a terminal state."""

    state: State


StreamEvent = StateEvent | OutputEvent | TestEvent | ResultEvent | EndEvent


@dataclass(frozen=True, slots=True)
class _EndOfBatch:
    """The last event of a batch."""


def stream(
    connection: Connection, path: str, deadline: Deadline = NEVER
) -> AsyncGenerator[StreamEvent, None]:
    """Yield every event up to `end` once, even if the service is unavailable for a while."""
    return _resumed(connection, path, _typed, EndEvent, deadline)


async def stream_of_batch(
    connection: Connection, path: str, deadline: Deadline = NEVER
) -> AsyncGenerator[Execution, None]:
    """Yield each execution of a batch once it has ended, with its result."""
    ends = _resumed(connection, path, _typed_of_batch, _EndOfBatch, deadline)
    async with aclosing(ends):
        async for event in ends:
            if isinstance(event, Execution):
                yield event


async def _resumed(
    connection: Connection,
    path: str,
    typed: Callable[[ServerSentEvent], T | None],
    last: type[object],
    deadline: Deadline,
) -> AsyncGenerator[T, None]:
    """Yield every event once, up to one of the type `last`. Continues a broken connection.

    Ends before that only if the deadline has passed.
    """
    patience, last_id = Patience(connection), ""
    while not deadline.passed:
        try:
            async with aclosing(_events(connection, path, last_id, deadline)) as events:
                async for event in events:
                    patience.restore()
                    last_id = _sendable(event.id) or last_id
                    value = typed(event)
                    if value is not None:
                        yield value
                    if isinstance(value, last):
                        return
        except (Unreachable, Unavailable) as error:
            if not deadline.passed:
                await patience.use(error)


async def _events(
    connection: Connection, path: str, last_id: str, deadline: Deadline
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of one connection. Raises Unreachable if it closes: `end` comes first."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    parser = EventParser()
    async with connection.stream(path, headers, _SILENCE, deadline) as chunks:
        async for chunk in chunks:
            for event in parser.feed(chunk):
                yield event
            if deadline.passed:
                return
    raise Unreachable(f"the stream {path} was closed before its end")


def _sendable(event_id: str) -> str:
    """Check that the id can be sent back in `Last-Event-ID`."""
    if event_id and not (event_id.isascii() and event_id.isprintable()):
        raise ProtocolError(f"an event has an invalid id: {event_id!r:.80}")
    return event_id


def _typed(event: ServerSentEvent) -> StreamEvent | None:
    """Return None for a type of event that this version does not know."""
    match event.event:
        case "state":
            return decode(StateEvent, _json(event))
        case "stdout" | "stderr":
            return decode(_Output, _json(event)).event(event.event)
        case "test":
            return decode(TestEvent, _json(event))
        case "result":
            return ResultEvent(execution=decode(Execution, _json(event)))
        case "end":
            return decode(EndEvent, _json(event))
    return None


def _typed_of_batch(event: ServerSentEvent) -> Execution | _EndOfBatch | None:
    match event.event:
        case "execution":
            return decode(Execution, _json(event))
        case "end":
            return _EndOfBatch()
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """The data of a `stdout` or `stderr` event."""

    attempt: int
    offset: int
    content: str
    encoding: str

    def event(self, stream: str) -> OutputEvent:
        return OutputEvent(
            stream=stream, attempt=self.attempt, offset=self.offset, content=self._exact()
        )

    def _exact(self) -> bytes:
        match self.encoding:
            case "utf-8":
                return self.content.encode()
            case "base64":
                with suppress(ValueError):
                    return b64decode(self.content, validate=True)
        raise ProtocolError(f"the output can't be decoded as {self.encoding!r:.80}")


def _json(event: ServerSentEvent) -> object:
    return parse(event.data.encode(), f"the stream's event {event.event!r:.80}")
