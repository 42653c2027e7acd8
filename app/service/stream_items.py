"""What a stream of one execution consists of, and the position of who reads it."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from app.domain.execution import Event, Execution, State
from app.domain.pod import Stream
from app.domain.records import Result


class Told(IntEnum):
    """How much of the end was told."""

    NOTHING = 0
    RESULT = 1
    END = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one has read. A new attempt starts the output afresh."""

    version: int = 0
    """Of the newest state that was told."""
    attempt: int = 0
    stdout: int = 0
    """Bytes of the attempt's stdout."""
    stderr: int = 0
    told: Told = Told.NOTHING

    def __str__(self) -> str:
        return f"{self.version}-{self.attempt}-{self.stdout}-{self.stderr}-{self.told.value}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Raises ValueError."""
        parts = text.split("-")
        if len(parts) != 5 or not all(part.isascii() and part.isdecimal() for part in parts):
            raise ValueError("not a position in a stream")
        version, attempt, stdout, stderr, told = map(int, parts)
        if told not in set(Told):
            raise ValueError("not a position in a stream")
        return cls(version=version, attempt=attempt, stdout=stdout, stderr=stderr, told=Told(told))

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
    """The execution came into another state."""

    position: Position
    event: Event


@dataclass(frozen=True, slots=True)
class Printed:
    """The program printed this; it does not end within a UTF-8 character."""

    position: Position
    """After it."""
    stream: Stream
    content: bytes

    @property
    def offset(self) -> int:
        """Bytes of this stream that the attempt printed before."""
        return self.position.read(self.stream) - len(self.content)


@dataclass(frozen=True, slots=True)
class ResultStored:
    position: Position
    execution: Execution
    result: Result


@dataclass(frozen=True, slots=True)
class Ended:
    """No more output will arrive."""

    position: Position
    state: State


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a while; the stream is alive."""


Item = StateChanged | Printed | ResultStored | Ended | Heartbeat
