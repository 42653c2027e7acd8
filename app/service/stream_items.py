"""The items of an execution's stream, and a reader's position in it."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from app.domain.execution import Event, Execution, State
from app.domain.report import StageReport, Stream
from app.domain.result import Result


class Received(IntEnum):
    """How much of the end a reader has received."""

    NOTHING = 0
    RESULT = 1
    END = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPosition:
    """How far a reader has come. A new attempt starts its output from the beginning."""

    version: int = 0
    """The version of the newest state that was sent."""
    attempt: int = 0
    stdout: int = 0
    """Bytes of the attempt's stdout."""
    stderr: int = 0
    received: Received = Received.NOTHING
    tests: int = 0
    """How many of the attempt's tests were sent."""

    def __str__(self) -> str:
        text = f"{self.version}-{self.attempt}-{self.stdout}-{self.stderr}-{self.received.value}"
        return f"{text}-{self.tests}" if self.tests else text

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Raises ValueError."""
        parts = text.split("-")
        numbers = all(part.isascii() and part.isdecimal() for part in parts)
        if len(parts) not in (5, 6) or not numbers:
            raise ValueError("not a position in a stream")
        version, attempt, stdout, stderr, received, *tests = map(int, parts)
        if received not in set(Received):
            raise ValueError("not a position in a stream")
        return cls(
            version=version,
            attempt=attempt,
            stdout=stdout,
            stderr=stderr,
            received=Received(received),
            tests=tests[0] if tests else 0,
        )

    def read(self, stream: Stream) -> int:
        return self.stdout if stream is Stream.STDOUT else self.stderr

    def after_event(self, event: Event, attempt: int) -> Self:
        if attempt == self.attempt:
            return replace(self, version=event.version)
        return type(self)(version=event.version, attempt=attempt)

    def after_output(self, stream: Stream, content: bytes) -> Self:
        if stream is Stream.STDOUT:
            return replace(self, stdout=self.stdout + len(content))
        return replace(self, stderr=self.stderr + len(content))


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The execution changed its state."""

    position: StreamPosition
    event: Event


@dataclass(frozen=True, slots=True)
class Printed:
    """A piece of the program's output. It does not end within a UTF-8 character."""

    position: StreamPosition
    """The position after it."""
    stream: Stream
    content: bytes

    @property
    def offset(self) -> int:
        """Bytes of this stream that the attempt printed before."""
        return self.position.read(self.stream) - len(self.content)


@dataclass(frozen=True, slots=True)
class EndOfTest:
    """A test has ended. Its verdict is not known yet."""

    position: StreamPosition
    index: int
    report: StageReport | None
    """None if the runtime skipped it."""


@dataclass(frozen=True, slots=True)
class ResultStored:
    position: StreamPosition
    execution: Execution
    result: Result


@dataclass(frozen=True, slots=True)
class Ended:
    """No more output will arrive."""

    position: StreamPosition
    state: State


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a while, and the stream is alive."""


Item = StateChanged | Printed | EndOfTest | ResultStored | Ended | Heartbeat
